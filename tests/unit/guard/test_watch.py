"""What the guard concludes from where the journal, the log, the witness and the clocks stand. No database, no network."""

from __future__ import annotations

from uuid import UUID

import pytest

from chengxin.proofs.positions import SourcePosition
from foundation.db import Database
from foundation.guard import Bounds, Watch
from foundation.guard.reasons import CLOCK_OFF, EPOCH_NOT_ADOPTED, JOURNAL_BEHIND, LOG_BEHIND
from foundation.guard.watch import STILL_SERVED, Standing, Waiting
from foundation.reasons import UNAVAILABLE
from foundation.refusal import Reason, Refused

EPOCH, OTHER = UUID(int=1), UUID(int=2)
MINE = b"m" * 32


def known(xid: int, entry_id: int, *, epoch: UUID = EPOCH, commitment: bytes = MINE) -> SourcePosition:
    return SourcePosition(source="repair", epoch=epoch.hex, xid=xid, entry_id=entry_id, commitment=commitment)


class World:
    """A watch whose log and witness say what the test wants, at the time that it wants."""

    def __init__(self, *, log: bool = True, witness: bool = True) -> None:
        self.now = 100.0
        self.watch = Watch(
            Database.open("postgresql://nobody@127.0.0.1:1/none", schema="repair", pool=1),
            source="repair",
            log_url="http://127.0.0.1:1" if log else "",
            log_vkey="",
            witness_url="http://127.0.0.1:1" if witness else "",
            bounds=Bounds(),
            clock=lambda: self.now,
        )

    def log_says(self, position: SourcePosition | None) -> None:
        self.watch._log.answered(position, self.now)

    def witness_says(self, position: SourcePosition | None) -> None:
        self.watch._witness.answered(position, self.now)

    def log_is_away(self) -> None:
        self.watch._log.answering_since = None

    def judged(self, last: tuple[int, int], *commitments: bytes | None, **values: object) -> Reason | None:
        standing = Standing(
            last=last,
            commitments=list(commitments),
            **{"epoch": EPOCH, "next_xid": 1_000, **values},  # type: ignore[arg-type]
        )
        found = self.watch.judged(standing)
        return found[0] if found else None


def test_a_journal_that_has_what_log_and_witness_know_is_served() -> None:
    world = World()
    world.log_says(known(9, 4))
    world.witness_says(known(7, 3))
    assert world.judged((9, 4), MINE, MINE) is None


@pytest.mark.parametrize("who", ["log", "witness"])
@pytest.mark.parametrize("there", [None, b"x" * 32])
def test_a_journal_that_lacks_what_either_knows_is_behind(who: str, there: bytes | None) -> None:
    world = World()
    world.log_says(known(9, 4) if who == "log" else known(7, 3))
    world.witness_says(known(9, 4) if who == "witness" else known(7, 3))
    commitments = (there, MINE) if who == "log" else (MINE, there)
    assert world.judged((8, 8), *commitments) is JOURNAL_BEHIND


def test_a_dump_loaded_into_a_new_cluster_without_a_new_epoch_is_behind() -> None:
    world = World()
    world.log_says(known(5_000, 4))
    assert world.judged((5_000, 4), MINE, next_xid=900) is JOURNAL_BEHIND
    assert world.judged((5_000, 4), MINE, next_xid=5_000) is JOURNAL_BEHIND
    assert world.judged((5_000, 4), MINE, next_xid=5_001) is None


def test_what_was_once_known_is_not_forgotten_when_the_log_is_restored_too() -> None:
    world = World()
    world.log_says(known(9, 4))
    world.log_says(known(7, 3))
    world.log_says(None)
    assert world.judged((7, 3), None) is JOURNAL_BEHIND


@pytest.mark.parametrize("who", ["log", "witness"])
def test_a_new_epoch_is_served_when_log_and_witness_have_adopted_it(who: str) -> None:
    world = World()
    begun, old = known(0, 0, epoch=OTHER, commitment=bytes(32)), known(9, 4)
    world.log_says(old if who == "log" else begun)
    world.witness_says(old if who == "witness" else begun)
    assert world.judged((5, 5), None, None, epoch=OTHER) is EPOCH_NOT_ADOPTED
    world.log_says(begun)
    world.witness_says(begun)
    assert world.judged((5, 5), None, None, epoch=OTHER) is None


def test_entries_that_wait_unsequenced_stop_answers_after_5_s() -> None:
    world = World(witness=False)
    world.log_says(known(7, 3))
    assert world.judged((9, 4), MINE) is None
    world.now += 5
    assert world.judged((11, 9), MINE) is None
    world.now += 0.1
    assert world.judged((11, 9), MINE) is LOG_BEHIND
    world.log_says(known(9, 4))
    assert world.judged((11, 9), MINE) is None, "the oldest is covered: the next one's wait begins"
    world.now += 5.1
    assert world.judged((11, 9), MINE) is LOG_BEHIND
    world.log_says(known(11, 9))
    assert world.judged((11, 9), MINE) is None


def test_a_log_that_can_not_be_read_stops_answers_after_30_s() -> None:
    world = World(witness=False)
    world.log_says(known(7, 3))
    world.log_is_away()
    assert world.judged((9, 4), MINE) is None
    world.now += 30
    assert world.judged((9, 4), MINE) is None
    world.now += 0.1
    assert world.judged((9, 4), MINE) is LOG_BEHIND


def test_a_log_that_is_back_has_5_s_to_catch_up() -> None:
    world = World(witness=False)
    world.log_says(known(7, 3))
    world.log_is_away()
    assert world.judged((9, 4), MINE) is None
    world.now += 20
    world.log_says(known(7, 3))
    assert world.judged((9, 4), MINE) is None
    world.now += 5.1
    assert world.judged((9, 4), MINE) is LOG_BEHIND


def test_entries_that_wait_unwitnessed_stop_answers_after_15_minutes() -> None:
    world = World(log=False)
    world.witness_says(known(7, 3))
    assert world.judged((9, 4), MINE) is None
    world.now += 900
    assert world.judged((9, 4), MINE) is None
    world.now += 0.1
    assert world.judged((9, 4), MINE) is LOG_BEHIND


def test_an_idle_office_waits_for_nothing() -> None:
    world = World()
    world.log_says(known(7, 3))
    world.witness_says(known(7, 3))
    for _ in range(3):
        assert world.judged((7, 3), MINE, MINE) is None
        world.now += 10_000


@pytest.mark.parametrize(("off", "reason"), [(2.0, None), (-2.0, None), (2.1, CLOCK_OFF), (-3.0, CLOCK_OFF)])
def test_a_clock_off_by_more_than_2_s_stops_answers(off: float, reason: Reason | None) -> None:
    world = World()
    assert world.judged((0, 0), clock_off_s=off) is reason
    assert world.judged((0, 0), clock_off_s=None) is reason, "the last difference seen counts on"
    assert world.judged((0, 0), clock_off_s=0.0) is None


def test_one_wait_is_measured_from_when_it_was_first_seen() -> None:
    waiting = Waiting()
    assert waiting.seconds((0, 0), (0, 0), 1) == 0
    assert waiting.seconds((3, 1), (0, 0), 2) == 0
    assert waiting.seconds((9, 9), (2, 9), 5) == 3
    assert waiting.seconds((9, 9), (3, 1), 6) == 0
    assert waiting.seconds((9, 9), (9, 8), 8) == 2
    assert waiting.seconds((9, 9), (9, 9), 9) == 0


def test_the_flag_refuses_what_answers_or_decides_and_nothing_else() -> None:
    watch = World().watch
    watch.check("SharingService.CheckSubject")
    for reason in (JOURNAL_BEHIND, EPOCH_NOT_ADOPTED, LOG_BEHIND, CLOCK_OFF, UNAVAILABLE):
        watch.refusal = (reason, "found")
        for method in ("SharingService.CheckSubject", "CaseService.Decide", "RecordService.WithdrawRecord"):
            with pytest.raises(Refused) as refused:
                watch.check(method)
            assert refused.value.reason is reason
        for method in ("AuditService.GetCheckpoint", "AuditService.GetReceipt", "CatalogService.ListMeasures"):
            watch.check(method)


def test_a_journal_that_lost_its_end_is_not_written_on() -> None:
    writing = {"LogService.AdoptEpoch", "LogService.ListDoorGaps", "SharingService.AcknowledgeWithdrawal"}
    assert not STILL_SERVED[JOURNAL_BEHIND] & writing
    assert STILL_SERVED[LOG_BEHIND] >= writing


async def test_a_watch_without_addresses_does_nothing() -> None:
    watch = World(log=False, witness=False).watch
    await watch.look()
    assert watch.idle
    assert watch.refusal is None


async def test_a_database_that_is_away_may_come_back_as_another_one() -> None:
    watch = World().watch
    await watch.look()
    assert watch.refusal == (UNAVAILABLE, "")
