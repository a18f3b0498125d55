"""Nothing personal stands in clear anywhere: values are planted, every path is walked, every byte is looked through.

`make canary` runs it whole; in `make test` it leaves out crashes and the base backup. `make canary LEAK=log`
(or database, redis) plants a leak first, and must fail.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.canary.house import Watched, watched_house
from tests.canary.paths import Paths
from tests.canary.planted import Planted, plant
from tests.canary.scanner import Leak, Scanner

WHOLE = os.environ.get("CHENGXIN_CANARY") == "whole"
LEAK = os.environ.get("CHENGXIN_CANARY_LEAK", "")

DATABASE = ("postgres/cluster/", "dump.sql", "base-backup/")
EXCEPTIONS: dict[str, str] = {}
"""What may stand in clear in the database, and nowhere else, with the reason."""


@dataclass
class Walked:
    """A house in which every path was walked, and the scanner for what was planted."""

    watched: Watched
    paths: Paths
    planted: Planted
    scanner: Scanner

    def leaks(self) -> list[Leak]:
        """What is found, without what may stand in the database."""
        (self.watched.caught / "urls").write_text("\n".join(self.paths.urls))
        found = self.scanner.scan(*self.watched.collect(whole=WHOLE))
        return [one for one in found if not (one.value in EXCEPTIONS and one.place.startswith(DATABASE))]


def in_the_log(walked: Walked) -> None:
    """A line of an office's log with a person's name, as a careless `log.info` would write it."""
    line = {"event": "handed in", "party": walked.planted["name of the recorded person"]}
    with (walked.watched.folder / "logs" / "catalog.log").open("a") as log:
        log.write(json.dumps(line) + "\n")


def in_the_database(walked: Walked) -> None:
    """A column in clear."""
    walked.watched.sql("CREATE TABLE IF NOT EXISTS catalog.leak (number text)")
    walked.watched.sql("INSERT INTO catalog.leak VALUES (%s)", walked.planted["id of the recorded person"])


def in_redis(walked: Walked) -> None:
    """A value that somebody thought base64 would hide."""
    number = walked.planted["id of the repaired enterprise"]
    with walked.watched.redis() as client:
        client.set("chengxin:session:leak", base64.b64encode(f'{{"number":"{number}"}}'.encode()))


LEAKS: dict[str, Callable[[Walked], None]] = {"log": in_the_log, "database": in_the_database, "redis": in_redis}


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """The house after all paths."""
    planted = plant(secrets.randbits(32))
    folder = tmp_path_factory.mktemp("canary")
    departments = tmp_path_factory.mktemp("departments")
    hidden = [name for name in planted.values if name.startswith(("id", "name"))]
    with watched_house(folder) as watched:
        paths = Paths(watched.stage, planted, departments)
        paths.walk()
        if WHOLE:
            watched.crash(catalog=signal.SIGABRT, repair=signal.SIGSEGV)
        made = Walked(watched, paths, planted, Scanner(planted.values, hashed_too=hidden))
        if LEAK:
            LEAKS[LEAK](made)
        yield made


def test_no_planted_value_is_found_anywhere(walked: Walked) -> None:
    assert walked.paths.refusals > 15, "the paths that must be refused were not walked"
    assert (walked.watched.caught / "otlp").stat().st_size > 1000
    assert b"EVALSHA" in (walked.watched.caught / "monitor").read_bytes()
    leaks = walked.leaks()
    assert not leaks, "\n".join(["", *[f"{one.place}: {one.value}, {one.encoding}" for one in leaks]])


def test_nothing_private_is_kept_by_a_browser(walked: Walked) -> None:
    assert any("/me/records" in url for url in walked.paths.urls)
    assert walked.paths.cacheable == []


def test_no_process_leaves_a_core_file(walked: Walked) -> None:
    assert walked.watched.may_dump_core() == []
    assert walked.watched.cores() == []


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_is_found(walked: Walked, leak: str) -> None:
    """Last, since they stay."""
    LEAKS[leak](walked)
    found = {(place_of(found.place), found.value) for found in walked.leaks()}
    expected = {
        "log": ("logs/catalog.log", "name of the recorded person"),
        "database": ("dump.sql", "id of the recorded person"),
        "redis": ("redis/values", "id of the repaired enterprise"),
    }[leak]
    assert expected in found
    assert leak != "database" or any(place.startswith("postgres/cluster/") for place, _ in found), "the disk itself"


def place_of(place: str) -> str:
    """A place below the folders that are looked through."""
    return Path(place).as_posix()
