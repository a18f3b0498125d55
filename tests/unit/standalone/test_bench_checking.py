"""The rows `check` and `check-bulk`: their driver understands its peers, their questions and figures are as said."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chengxin.catalog.v1 import sharing_pb2 as pb
from standalone.bench import checking, wire
from standalone.bench.measuring import Place
from standalone.bench.peers import echo
from standalone.bench.wire import GrpcLine, Line, Load, Target, driven
from standalone.ca import DevelopmentCa, System
from standalone.enrol import write_identity
from standalone.ports import free_port
from standalone.sample import MARKET
from standalone.story.narrator import Narrator

ANSWER = 100_000
"""Bytes: more than a frame of HTTP/2, and than a usual window."""


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, now = tmp_path_factory.mktemp("echo"), datetime.now(UTC)
    ca = DevelopmentCa(folder / "ca", trust_domain="t.example")
    ca.establish(now=now)
    system = System(authority=MARKET.code, name="desk", serves=True)
    write_identity(folder / "desk", system, ca=ca, roles=("consumer",), days=1, now=now)
    return folder / "desk"


@pytest.fixture
async def echoing(identity: Path) -> AsyncGenerator[Callable[..., Target]]:
    address = f"127.0.0.1:{free_port()}"
    serving = asyncio.create_task(echo.serve(identity, address, echo.always(bytes(ANSWER))))

    def target(question: bytes, *, expected: int = ANSWER, path: str = "/bench.Echo/Ask") -> Target:
        return Target(GrpcLine, address, path, itertools.repeat((question, expected)), len)

    for _ in range(100):
        with suppress(OSError):
            await asyncio.open_connection(*address.split(":"))
            break
        await asyncio.sleep(0.05)
    yield target
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving


@pytest.mark.parametrize("question", [b"", b"x" * 200, b"x" * 40_000])
async def test_a_grpc_server_and_the_driver_understand_each_other(
    identity: Path, echoing: Callable[..., Target], question: bytes
) -> None:
    load = await driven(echoing(question), identity, lines=2, width=2, seconds=0.2)
    assert load.wrong == 0
    assert len(load.times) > 4
    assert len(load.answer) == ANSWER
    assert load.rate > 0
    assert all(seconds > 0 for seconds in load.times)


async def test_at_a_pace_so_many_are_asked_as_it_says(identity: Path, echoing: Callable[..., Target]) -> None:
    load = await driven(echoing(b"x"), identity, lines=2, width=1, seconds=0.2, per_s=100)
    assert len(load.times) == 20
    assert load.wrong == 0


async def test_it_is_over_though_the_last_answer_came_just_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    load, clock = Load(Target(Line, "h:1", "/", itertools.repeat((b"", 0)), len)), iter([0.0, 0.0, 0.999, 1.001])
    monkeypatch.setattr(wire.time, "perf_counter", lambda: next(clock))
    load.begin(1)
    question = load.question()
    assert question is not None
    load.answered(question[1], b"")
    assert not load.over.is_set()
    assert load.question() is None
    assert load.over.is_set()


async def test_a_refusal_and_another_answer_than_expected_are_wrong(
    identity: Path, echoing: Callable[..., Target]
) -> None:
    for target in (echoing(b"x", expected=1), echoing(b"x", path="/bench.Echo/Nothing")):
        load = await driven(target, identity, lines=1, width=1, seconds=0.05)
        assert load.wrong == len(load.times) > 0


@pytest.mark.parametrize("piece", [1, 7, 1000])
async def test_answers_of_http_are_taken_whole_however_they_come(piece: int) -> None:
    sent: list[bytes] = []
    load = Load(Target(Line, "h:1", "/check", itertools.repeat((b"{}", 1)), checking._found_in_json))
    line = Line(load)
    line.connection_made(SimpleNamespace(write=sent.append))
    load.begin(60)
    line.ask()
    for body in (b'{"found":true}', b'{"found":false}', b'{"detail":"refused"}'):
        said = b"HTTP/1.1 200 OK\r\nserver: uvicorn\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        for at in range(0, len(said), piece):
            line.data_received(said[at : at + piece])
    assert len(load.times) == 3
    assert load.wrong == 2
    assert len(sent) == 4
    assert sent[0].startswith(b"POST /check HTTP/1.1\r\nHost: h:1\r\n")
    assert sent[0].endswith(b"Content-Length: 2\r\n\r\n{}")


def test_one_question_in_twenty_is_about_a_party_with_a_record() -> None:
    asking = checking._Asking.__new__(checking._Asking)
    asking.held, asking.others = ["held"], [f"other {number}" for number in range(7)]
    asked = [
        (pb.CheckSubjectRequest.FromString(message), found)
        for message, found in itertools.islice(asking.one_by_one(), 400)
    ]
    assert sum(found for _, found in asked) == 20
    assert all((one.subject.value == "held") == found for one, found in asked)
    assert {one.subject.value for one, _ in asked} == {"held", *asking.others}
    assert len({one.context.query_id for one, _ in asked}) == 400
    message, found = next(asking.in_bulk())
    assert (len(pb.CheckSubjectsRequest.FromString(message).subjects), found) == (1000, 50)


def test_what_has_no_receipt_counts_as_wrong() -> None:
    found = pb.SubjectAnswer(found=True, receipt={"entry_id": 7})  # type: ignore[arg-type]
    refused = pb.SubjectAnswer(refusal={"reason": "NOT_GRANTED"})  # type: ignore[arg-type]
    assert checking._found_in_all(pb.CheckSubjectsResponse(answers=[found, found]).SerializeToString()) == 2
    assert checking._found_in_all(pb.CheckSubjectsResponse(answers=[found, refused]).SerializeToString()) < 0
    assert checking._found(b"") < 0


class Asking:
    """Answers at a fixed rate for each path, without a house."""

    rates: dict[str, float]
    missing: int = 0

    def __init__(self, _: object, records: int) -> None:
        self.held, self.others, self._records = ["a"], ["91439999000000001X"], records

    def ours(self, method: str, *_: object, each: int = 1) -> Any:
        return SimpleNamespace(path=method)

    def one_by_one(self) -> Iterator[tuple[bytes, int]]:
        return iter(())

    in_bulk = in_json = one_by_one

    def drive(self, target: Any, **_: int) -> Any:
        return SimpleNamespace(rate=self.rates[target.path], times=[0.001, 0.002, 0.003], answer=b"")

    def rounds(self, rounds: int, turns: Callable[[], Any]) -> list[Any]:
        return [turns() for _ in range(rounds)]

    def verdict(self) -> dict[str, int]:
        return {"records": self._records, "wrong_answers": 0, "answers_without_entry": self.missing}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    @contextmanager
    def nothing(*_: object, **__: object) -> Generator[Any]:
        pids = {"catalog": os.getpid()}
        yield SimpleNamespace(house=SimpleNamespace(engines=SimpleNamespace(admin_dsn=""), pids=lambda: pids))

    monkeypatch.setattr(checking, "_Asking", Asking)
    monkeypatch.setattr(checking, "peer", nothing)
    monkeypatch.setattr(checking, "_another_office", nothing)
    monkeypatch.setattr(checking, "_database", lambda dsn: dsn)
    monkeypatch.setattr(Place, "stage", nothing)
    return Place(tmp_path, cast(Narrator, None))


@pytest.mark.parametrize(
    ("others", "missing", "reached"),
    [((100, 10), 0, True), ((101, 10), 0, False), ((100, 10.1), 0, False), ((100, 10), 1, False)],
)
def test_check_gives_its_figures_by_name_and_whether_they_reach(
    place: Place, monkeypatch: pytest.MonkeyPatch, others: tuple[float, float], missing: int, reached: bool
) -> None:
    rates = dict(zip(("/bench.Echo/Ask", "/check"), others, strict=True))
    monkeypatch.setattr(Asking, "rates", {"CheckSubject": 60, **rates}, raising=False)
    monkeypatch.setattr(Asking, "missing", missing)
    figures = checking.measure_check(place, rounds=3, records=100)
    assert {"ratio_to_echo", "ratio_to_usual", "rate", "p50_ms", "p99_ms", "lone_p50_ms"} <= figures.keys()
    assert figures["rate"] == 60
    assert figures["p50_ms"] == 2
    assert figures["two_processes_to_one"] == 1
    assert figures["reached"] is reached


@pytest.mark.parametrize(
    ("per_s", "single", "reached"), [(60_000, 4_000, True), (59_999, 100, False), (60_000, 4_100, False)]
)
def test_check_bulk_gives_its_figures_by_name_and_whether_they_reach(
    place: Place, monkeypatch: pytest.MonkeyPatch, per_s: float, single: float, reached: bool
) -> None:
    monkeypatch.setattr(Asking, "rates", {"CheckSubject": single, "CheckSubjects": per_s}, raising=False)
    figures = checking.measure_check_bulk(place, rounds=3, records=100)
    assert {"subjects_per_s", "ratio_to_check", "ratio_to_hmac"} <= figures.keys()
    assert 30 < figures["peak_mb_catalog"] < 10_000, "this process stands for the office"
    assert figures["reached"] is reached
