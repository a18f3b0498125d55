"""The audited answer: one by one beside a server that does nothing and beside the usual build; and in bulk.

Each serves from one process, over mutual TLS, on the machine where PostgreSQL and the driver run too; they take turns in
one run, and the house goes on beside all of them. 5% of the questions are about a party with a record. All that an answer
needs is on: certificate, grant, purpose, journal, its encryption, ledger, limits, log line. Medians of `rounds` rounds.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from statistics import median
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import psutil
import psycopg
import uvloop

from chengxin.catalog.v1 import sharing_pb2 as pb
from chengxin.client.requests import context
from chengxin.common.v1 import common_pb2
from foundation.crypto import bucket_of, journal_tag, subject_tag
from foundation.identity import Identifier, IdentifierKind
from standalone.bench.measuring import Figures, Place, calm, peaks_mb, percentile_ms
from standalone.bench.population import handed_in, multiplied, uscc
from standalone.bench.wire import GrpcLine, Line, Load, Target, driven
from standalone.ports import LOOPBACK, free_port
from standalone.processes import OwnProcess
from standalone.story import sharing
from standalone.story.sharing import MATTER, OFFICER
from standalone.story.stage import TENDER, Stage
from standalone.supervision import CHECKOUT

T = TypeVar("T")
LINES, WIDTH, TURN_S = 8, 8, 3.0
"""64 in flight: connections, and questions on each; seconds of a turn."""
PACES = (50, 80, 95)
"""Percents of the rate at which it is asked again, at that pace."""
A_MESSAGE, MESSAGES, STREAMS = 1_000, 4, 64
"""Parties a message; messages in flight, as many as the departments' client has; and sixteen clients at once."""
HANDED_IN, HIT_EVERY, OTHERS = 100, 20, 20_000
"""Records handed in, of which the rest are copies; one in so many questions finds one; parties without a record."""
_FINDABLE = (
    "SELECT count(*) FROM catalog.journal JOIN catalog.journal_private USING (bucket, entry_id)"
    " WHERE kind LIKE 'SharingService.CheckSubject%' AND subject_tag IS NOT NULL"
)


def measure_check(place: Place, *, rounds: int, records: int) -> Figures:
    """Ask one by one, 64 in flight: ours, the echo and the usual build take turns; then ours at a pace below its rate."""
    with place.stage() as stage:
        asking = _Asking(stage, records)
        ours = asking.ours("CheckSubject", asking.one_by_one(), _found)
        size, subjects = str(len(asking.drive(ours).answer)), place.folder / "subjects"
        subjects.write_text("\n".join(asking.held))
        dsn = _database(stage.house.engines.admin_dsn)
        with (
            peer(place, stage, "echo", size) as echo,
            peer(place, stage, "usual", str(subjects), BENCH_DSN=dsn) as usual,
        ):
            echoed = Target(
                GrpcLine, echo, "/bench.Echo/Ask", ((question, 0) for question, _ in asking.one_by_one()), nothing
            )
            usually = Target(Line, usual, "/check", asking.in_json(), _found_in_json)

            def turns() -> tuple[Load, Load, Load, Load]:
                one, two = asking.drive(ours), asking.drive(echoed)
                three = asking.drive(usually, lines=LINES * WIDTH, width=1)
                return one, two, three, asking.drive(ours, lines=1, width=1)

            checked, echoes, usuals, lone = zip(*asking.rounds(rounds, turns), strict=True)
        peak = _rate(checked)
        at_pace = {percent: asking.drive(ours, lines=2 * LINES, per_s=peak * percent / 100) for percent in PACES}
        apart = {"lines": LINES * WIDTH, "width": 1}  # so that two processes get about as many connections each
        alone = [asking.drive(ours, **apart)]
        with _another_office(place, stage):
            both = [asking.drive(ours, **apart) for _ in range(3)][1:]  # the first warms up
        alone += [asking.drive(ours, **apart)]
        figures: Figures = {
            "ratio_to_echo": _ratio(checked, echoes),
            "ratio_to_usual": _ratio(checked, usuals),
            "rate": peak,
            "p50_ms": _percentile(checked, 50),
            "p99_ms": _percentile(checked, 99),
            **{f"p99_ms_at_{percent}_percent": percentile_ms(load.times, 99) for percent, load in at_pace.items()},
            "lone_p50_ms": _percentile(lone, 50),
            "echo_rate": _rate(echoes),
            "usual_rate": _rate(usuals),
            "two_processes_to_one": _ratio(both, alone),
            **asking.verdict(),
        }
    return figures | {"reached": figures["ratio_to_echo"] >= 0.6 and figures["ratio_to_usual"] >= 6 and _sound(figures)}


def measure_check_bulk(place: Place, *, rounds: int, records: int) -> Figures:
    """Ask a thousand a message, one by one, and make only the tags of as many, taking turns; then sixteen clients."""
    with place.stage() as stage:
        asking = _Asking(stage, records)
        ours = asking.ours("CheckSubject", asking.one_by_one(), _found)
        bulk = asking.ours("CheckSubjects", asking.in_bulk(), _found_in_all, each=A_MESSAGE)

        def turns() -> tuple[Load, Load, float]:
            return asking.drive(bulk, lines=MESSAGES, width=1), asking.drive(ours), _tags_per_s(asking.others)

        many, single, tags = zip(*asking.rounds(rounds, turns), strict=True)
        streams = asking.drive(bulk, lines=STREAMS, width=1)
        figures: Figures = {
            "subjects_per_s": _rate(many),
            "ratio_to_check": _ratio(many, single),
            "ratio_to_hmac": round(median(load.rate / rate for load, rate in zip(many, tags, strict=True)), 2),
            "message_p50_ms": _percentile(many, 50),
            "check_rate": _rate(single),
            "hmac_subjects_per_s": round(median(tags)),
            f"subjects_per_s_at_{STREAMS}_streams": round(streams.rate),
            **peaks_mb(stage),
            **asking.verdict(),
        }
    reached = figures["ratio_to_check"] >= 15 and figures["subjects_per_s"] >= 60_000
    return figures | {"reached": reached and _sound(figures)}


class _Asking:
    """A house with records about so many parties, and the department that asks about them and about others."""

    def __init__(self, stage: Stage, records: int) -> None:
        self._stage, self._given, self._wrong = stage, 0, 0
        sharing.grants(stage)
        stage.narrator.say(f"putting {records:,} records in")
        first, *_ = handed_in(stage, range(HANDED_IN))
        multiplied(stage, first, range(HANDED_IN, records))
        self.held = [uscc(number) for number in range(records)]
        self.others = [uscc(records + number) for number in range(OTHERS)]

    def ours(
        self, method: str, questions: Iterator[tuple[bytes, int]], read: Callable[[bytes], int], each: int = 1
    ) -> Target:
        """A method of our office."""
        address = self._stage.house.data.doors()["catalog"]
        return Target(GrpcLine, address, f"/chengxin.catalog.v1.SharingService/{method}", questions, read, each)

    def one_by_one(self) -> Iterator[tuple[bytes, int]]:
        """Messages of one question each."""
        for number, found in self._parties():
            asked = pb.CheckSubjectRequest(context=context(TENDER, MATTER, OFFICER), subject=_subject(number))
            yield asked.SerializeToString(), found

    def in_bulk(self) -> Iterator[tuple[bytes, int]]:
        """Messages of a thousand questions each."""
        parties = self._parties()
        while True:
            numbers, found = zip(*itertools.islice(parties, A_MESSAGE), strict=True)
            asked = pb.CheckSubjectsRequest(context=context(TENDER, MATTER, OFFICER), subjects=map(_subject, numbers))
            yield asked.SerializeToString(), sum(found)

    def in_json(self) -> Iterator[tuple[bytes, int]]:
        """The same question as the usual build takes it."""
        for number, found in self._parties():
            why = {"purpose": TENDER, "matter": MATTER, "officer": OFFICER, "query_id": str(uuid4())}
            yield json.dumps({**why, "subject": number}, ensure_ascii=False).encode(), found

    def _parties(self) -> Iterator[tuple[str, bool]]:
        """Parties without end, and whether something is known about each."""
        for number in itertools.count():
            hit = number % HIT_EVERY == 0
            among, place = (self.held, number // HIT_EVERY) if hit else (self.others, number)
            yield among[place % len(among)], hit

    def drive(self, target: Target, *, lines: int = LINES, width: int = WIDTH, per_s: float = 0) -> Load:
        """Drive a target, when what the last one left to do is done: the log takes entries in after the answers."""
        calm()
        who = self._stage.procurement.folder
        load = uvloop.run(driven(target, who, lines=lines, width=width, seconds=TURN_S, per_s=per_s))
        self._wrong += load.wrong
        self._given += len(load.times) * target.each if "chengxin" in target.path else 0
        return load

    def rounds(self, rounds: int, turns: Callable[[], T]) -> Iterator[T]:
        """What the turns of each round gave, but those of the first, which warm up."""
        for number in range(rounds + 1):
            self._stage.narrator.say(f"round {number} of {rounds}")
            gave = turns()
            if number:
                yield gave

    def verdict(self) -> Figures:
        """How many records there are, answers that were wrong, and answers whose entry is not found by its subject."""
        with psycopg.connect(self._stage.house.engines.admin_dsn) as connection:
            ((entries,),) = connection.execute(_FINDABLE).fetchall()
        missing = self._given - entries
        return {"records": len(self.held), "wrong_answers": self._wrong, "answers_without_entry": missing}


@cache
def _subject(number: str) -> common_pb2.Identifier:
    return common_pb2.Identifier(kind=common_pb2.IDENTIFIER_KIND_USCC, value=number)


def _found(body: bytes) -> int:
    return _member(pb.CheckSubjectResponse.FromString(body))


def _found_in_all(body: bytes) -> int:
    return sum(map(_member, pb.CheckSubjectsResponse.FromString(body).answers))


def _member(answer: pb.CheckSubjectResponse | pb.SubjectAnswer) -> int:
    """1 where something is found, 0 where nothing is; what has no receipt is no answer, and wrong."""
    return int(answer.found) if answer.receipt.entry_id else -A_MESSAGE


def _found_in_json(body: bytes) -> int:
    return json.loads(body).get("found", -1)


def nothing(_: bytes) -> int:
    """What is read of an echo."""
    return 0


def _tags_per_s(numbers: Sequence[str]) -> float:
    """Parties a second whose bucket and tags are made, and nothing else is done: the least that bulk must do."""
    parties, key = [Identifier(IdentifierKind.USCC, number) for number in numbers], os.urandom(32)
    begun = time.perf_counter()
    for party in parties:
        bucket_of(key, party)
        subject_tag(key, party)
        journal_tag(key, party)
    return len(parties) / (time.perf_counter() - begun)


def _rate(loads: Iterable[Load]) -> int:
    return round(median(load.rate for load in loads))


def _ratio(loads: Iterable[Load], others: Iterable[Load]) -> float:
    return round(median(load.rate / other.rate for load, other in zip(loads, others, strict=True)), 2)


def _percentile(loads: Iterable[Load], percent: int) -> float:
    return round(median(percentile_ms(load.times, percent) for load in loads), 2)


def _sound(figures: Figures) -> bool:
    return figures["wrong_answers"] == figures["answers_without_entry"] == 0


def _database(admin_dsn: str) -> str:
    """A new database on the house's server, as SQLAlchemy names it."""
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bench_usual")
    return urlsplit(admin_dsn)._replace(scheme="postgresql+psycopg", path="/bench_usual").geturl()


@contextmanager
def peer(place: Place, stage: Stage, name: str, *arguments: str, **settings: str) -> Generator[str]:
    """One of the peers as a process, under a certificate of the house; gives its address."""
    address, module = f"{LOOPBACK}:{free_port()}", f"standalone.bench.peers.{name}"
    given = [str(stage.house.data.identity("catalog")), address, *arguments]
    with _serving(place, f"{name}-{address}", module, *given, settings=os.environ | settings):
        yield address


def _another_office(place: Place, stage: Stage) -> AbstractContextManager[None]:
    """One more process of the catalog's office, on the port of the first, that serves and does no work of its own."""
    settings = psutil.Process(stage.house.pids()["catalog"]).environ() | {"CHENGXIN_ONLY": "serve"}
    return _serving(place, "another", "services.catalog", settings=settings)


@contextmanager
def _serving(place: Place, name: str, module: str, *arguments: str, settings: Mapping[str, str]) -> Generator[None]:
    """A module as a process, once it listens."""
    log, record = place.folder / f"{name}.log", place.folder / f"{name}.json"
    own = OwnProcess(name, log=log, record=record, remedy="Mend what the log names.")
    try:
        process = own.launch([sys.executable, "-m", module, *arguments], folder=CHECKOUT, environment=settings)
        itself = psutil.Process(process.pid)
        if not own.wait_for(process, lambda: any(c.status == "LISTEN" for c in itself.net_connections()), within=120):
            raise own.failed("ended")
        yield
    finally:
        own.stop()
