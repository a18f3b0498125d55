"""Streams: nothing lost, nothing doubled, order kept, little held, interruptions survived."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.client import connection
from chengxin.client.answers import ChangeKind, EndReason
from chengxin.client.errors import ChengxinError, RefusedError, UnavailableError
from chengxin.client.parties import Identifier, Party
from chengxin.client.records import Document, DocumentKind, Record, Severity
from foundation.reasons import ROLE_REQUIRED, UNAVAILABLE, VALUE_INVALID
from foundation.refusal import Refused
from tests.unit.client.small_house import AFTER, AS_OF, BEFORE, NEVER, REFUSED_MEMBER, SmallHouse

WHY = {"purpose": "tender", "matter": "T-2026-17", "officer": "Officer Li"}
LOST = (AFTER, Refused(UNAVAILABLE))
CALM = (NEVER, Refused(UNAVAILABLE))


def record(number: int, *, name: str = "Some Company", facts: str = "sold expired food") -> Record:
    return Record(
        record_number=f"N{number}",
        item_code="A.PENALTY",
        party=Party(Identifier.uscc("91430100MA4L1ABC2X"), name),
        document=Document(
            kind=DocumentKind.PENALTY_DECISION,
            number=f"D{number}",
            authority="11430000006112345A",
            determined_on=date(2026, 1, 5),
            effective_on=date(2026, 1, 6),
        ),
        severity=Severity.ORDINARY,
        fields={"facts": facts},
        publicity_until=date(2026, 12, 31),
        sample=True,
        person_publicity_basis="a law",
        version=3,
    )


def test_a_record_reaches_the_house_as_it_was_given(client: Any, house: SmallHouse) -> None:
    list(client.submit([record(1)]))
    draft = house.records["N1"]
    assert (draft.item_code, draft.party.name, draft.document.number) == ("A.PENALTY", "Some Company", "D1")
    assert (draft.document.determined_on, draft.document.effective_on) == ("2026-01-05", "2026-01-06")
    assert {field.name: field.value for field in draft.fields} == {"facts": "sold expired food"}
    assert (draft.publicity_until, draft.sample, draft.version) == ("2026-12-31", True, 3)
    assert draft.person_publicity_basis == "a law"


def test_each_record_has_its_result_in_order(client: Any, house: SmallHouse) -> None:
    bad = record(1203, name=REFUSED_MEMBER)
    results = list(client.submit(bad if n == 1203 else record(n) for n in range(2345)))

    assert [result.record_number for result in results] == [f"N{n}" for n in range(2345)]
    refused = [result for result in results if not result.accepted]
    assert [(result.record_number, result.refusal.reason) for result in refused] == [("N1203", "VALUE_INVALID")]
    assert len(house.records) == 2344
    sizes = [len(request.records) for request in house.questions(record_pb2.SubmitRecordsRequest)]
    assert sizes == [500, 500, 500, 500, 345]


def test_a_batch_is_closed_by_size_before_the_house_would_refuse_it(client: Any, house: SmallHouse) -> None:
    long = "x" * 100_000
    results = list(client.submit(record(n, facts=long) for n in range(12)))
    assert all(result.accepted for result in results)
    assert all(request.ByteSize() < 1 << 20 for request in house.questions(record_pb2.SubmitRecordsRequest))


def test_a_record_too_large_for_any_message_is_a_mistake_of_the_caller(client: Any) -> None:
    with pytest.raises(ValueError, match="at most"):
        list(client.submit([record(1, facts="x" * 300_000)]))


@pytest.mark.parametrize("size", [0, 1001])
def test_batches_hold_one_to_a_thousand(client: Any, size: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000"):
        list(client.submit([record(1)], batch_size=size))


def test_an_interrupted_hand_in_loses_nothing_and_stores_nothing_twice(client: Any, house: SmallHouse) -> None:
    house.trouble += [CALM, LOST, CALM, (BEFORE, Refused(UNAVAILABLE)), CALM, LOST]

    results = list(client.submit((record(n) for n in range(60)), batch_size=10))

    assert [result.record_number for result in results] == [f"N{n}" for n in range(60)]
    assert all(result.accepted for result in results)
    assert set(house.records) == {f"N{n}" for n in range(60)}
    assert len(house.questions(record_pb2.SubmitRecordsRequest)) > 6


def test_only_what_is_unanswered_is_sent_again(client: Any, house: SmallHouse) -> None:
    house.trouble += [CALM, CALM, CALM, LOST]
    list(client.submit((record(n) for n in range(4)), batch_size=1))
    sent = [request.records[0].record_number for request in house.questions(record_pb2.SubmitRecordsRequest)]
    assert sent == ["N0", "N1", "N2", "N3", "N3"]


def test_a_hand_in_that_is_refused_as_a_whole_stops_at_once(client: Any, house: SmallHouse) -> None:
    house.trouble += [CALM, *[(BEFORE, Refused(ROLE_REQUIRED))] * 9]
    results = client.submit((record(n) for n in range(40)), batch_size=10)
    taken = iter(results)
    assert [next(taken).record_number for _ in range(10)] == [f"N{n}" for n in range(10)]
    with pytest.raises(RefusedError, match="ROLE_REQUIRED"):
        next(taken)
    assert len(house.records) == 10


def test_a_house_that_stays_away_ends_the_hand_in(
    client: Any, house: SmallHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "STREAM_PATIENCE_SECONDS", 0.6)
    house.trouble += [(BEFORE, Refused(UNAVAILABLE))] * 100
    with pytest.raises(UnavailableError):
        list(client.submit([record(1)]))


def test_a_stalled_stream_is_opened_anew(client: Any, house: SmallHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BATCH_SECONDS", 0.3)
    monkeypatch.setattr(connection, "STREAM_PATIENCE_SECONDS", 1.2)
    house.open.clear()
    with pytest.raises(UnavailableError):
        list(client.submit([record(1)]))
    assert len(house.questions(record_pb2.SubmitRecordsRequest)) >= 2


def test_a_million_parties_would_not_be_held_in_memory(client: Any, house: SmallHouse) -> None:
    taken = 0

    def parties() -> Iterator[str]:
        nonlocal taken
        while taken < 20_000:
            taken += 1
            yield "91430100MA4L1ABC2X"

    for answered, _ in enumerate(client.check_many(parties(), **WHY), start=1):
        assert taken - answered <= (connection.IN_FLIGHT + 1) * 1000
    assert answered == 20_000
    assert max(len(request.subjects) for request in house.questions(sharing_pb2.CheckSubjectsRequest)) == 1000


def test_answers_in_bulk_come_in_order_and_a_refused_member_hurts_nobody(client: Any, house: SmallHouse) -> None:
    house.found["B"] = ["A.PENALTY"]
    asked = [Identifier.uscc("A"), Identifier.uscc("B"), Identifier.passport(REFUSED_MEMBER), "D"]

    answers = list(client.check_many(asked, **WHY))

    assert [answer.subject.value for answer in answers] == ["A", "B", REFUSED_MEMBER, "D"]
    assert [answer.found for answer in answers if answer.refusal is None] == [False, True, False]
    assert answers[2].refusal.reason == VALUE_INVALID.code
    assert answers[2].refusal.field == "subject.value"


def test_an_interrupted_bulk_question_goes_on_under_the_same_query_id(client: Any, house: SmallHouse) -> None:
    house.trouble += [CALM, LOST]
    answers = list(client.check_many((str(n) for n in range(3000)), **WHY))
    assert [answer.subject.value for answer in answers] == [str(n) for n in range(3000)]
    asked = [
        (request.context.query_id, request.subjects[0].value)
        for request in house.questions(sharing_pb2.CheckSubjectsRequest)
    ]
    assert len(set(asked)) == 3
    assert len(asked) >= 4


def test_nothing_to_ask_asks_nothing(client: Any, house: SmallHouse) -> None:
    assert not list(client.check_many([], **WHY))
    assert not list(client.submit([]))
    assert not house.seen


def test_a_mistake_in_the_callers_own_records_is_the_callers(client: Any) -> None:
    def records() -> Iterator[Record]:
        yield record(1)
        raise LookupError("the caller's own")

    with pytest.raises(LookupError):
        list(client.submit(records(), batch_size=1))


def test_whoever_stops_listening_hangs_up(client: Any, house: SmallHouse) -> None:
    answers = iter(client.check_many((str(n) for n in range(9000)), **WHY))
    next(answers)
    del answers
    gc.collect()
    client.check("A", **WHY)
    assert len(house.questions(sharing_pb2.CheckSubjectsRequest)) < 9


def withdrawal(cursor: int, *record_ids: str) -> sharing_pb2.WatchChangesResponse:
    response = sharing_pb2.WatchChangesResponse(cursor=str(cursor))
    for record_id in record_ids:
        response.changes.add(
            kind=sharing_pb2.CHANGE_KIND_WITHDRAWN,
            record_id=record_id,
            version=1,
            item_code="A.PENALTY",
            at=AS_OF,
            end_reason=record_pb2.END_REASON_REPAIRED,
        )
    return response


def test_the_feed_gives_each_change_in_order_and_the_cursor_after_them(client: Any, house: SmallHouse) -> None:
    house.feed += [withdrawal(1, "a", "b"), withdrawal(2), withdrawal(3, "c")]
    feed = client.watch(until_caught_up=True, **WHY)

    changes = list(feed)

    assert [change.record_id for change in changes] == ["a", "b", "c"]
    assert (changes[0].kind, changes[0].end_reason) == (ChangeKind.WITHDRAWN, EndReason.REPAIRED)
    assert feed.cursor == "3"
    assert not list(client.watch(cursor=feed.cursor, until_caught_up=True, **WHY))


def test_the_cursor_never_passes_a_change_that_was_not_handled(client: Any, house: SmallHouse) -> None:
    house.feed += [withdrawal(1, "a", "b"), withdrawal(2, "c")]
    feed = client.watch(until_caught_up=True, **WHY)
    cursors = [(change.record_id, feed.cursor) for change in feed]
    assert cursors == [("a", ""), ("b", ""), ("c", "1")]


def test_an_interrupted_feed_goes_on_from_its_cursor(client: Any, house: SmallHouse) -> None:
    house.feed += [withdrawal(n, f"r{n}") for n in range(1, 6)]
    house.trouble += [CALM, CALM, (BEFORE, Refused(UNAVAILABLE)), (BEFORE, Refused(UNAVAILABLE))]
    changes = client.watch(until_caught_up=True, **WHY)
    assert [change.record_id for change in changes] == ["r1", "r2", "r3", "r4", "r5"]


def test_a_feed_survives_a_restart_of_the_house(client: Any, house: SmallHouse) -> None:
    house.feed.append(withdrawal(1, "a"))
    changes = iter(client.watch(**WHY))
    assert next(changes).record_id == "a"
    house.stop()
    house.feed.append(withdrawal(2, "b"))
    house.start(port=house.port)
    assert next(changes).record_id == "b"


def test_a_quiet_feed_is_renewed_for_ever(client: Any, house: SmallHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "STREAM_SECONDS", 0.2)
    monkeypatch.setattr(connection, "OPEN_SECONDS", 0.1)
    monkeypatch.setattr(connection, "STREAM_PATIENCE_SECONDS", 0.5)
    house.feed.append(withdrawal(1, "a"))
    feed = iter(client.watch(cursor="1", **WHY))

    def later(request: Any, context: Any) -> Iterator[sharing_pb2.WatchChangesResponse]:
        if len(house.seen) > 6:
            house.feed.append(withdrawal(2, "b"))
        return SmallHouse.WatchChanges(house, request, context)

    monkeypatch.setattr(house, "WatchChanges", later)
    house.stop()
    house.start(port=house.port)
    assert next(feed).record_id == "b"


def test_a_feed_without_a_grant_is_refused(client: Any, house: SmallHouse) -> None:
    house.trouble.append((BEFORE, Refused(ROLE_REQUIRED)))
    with pytest.raises(RefusedError):
        list(client.watch(until_caught_up=True, **WHY))


def test_a_change_of_an_unknown_kind_is_never_passed_over(client: Any, house: SmallHouse) -> None:
    unknown = withdrawal(1, "a")
    unknown.changes[0].kind = 99  # type: ignore[assignment]
    house.feed.append(unknown)
    with pytest.raises(ChengxinError, match="Update the client"):
        list(client.watch(until_caught_up=True, **WHY))


def test_fewer_results_than_records_are_never_matched_by_guess(
    client: Any, house: SmallHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    store: Callable[[record_pb2.RecordDraft], record_pb2.RecordResult] = house._store
    monkeypatch.setattr(house, "_store", lambda draft: store(draft) if draft.record_number else None)

    def short(request_iterator: Any, context: Any) -> Iterator[record_pb2.SubmitRecordsResponse]:
        for _ in request_iterator:
            yield record_pb2.SubmitRecordsResponse()

    monkeypatch.setattr(house, "SubmitRecords", short)
    house.stop()
    house.start(port=house.port)
    with pytest.raises(ChengxinError, match="0 results for 1"):
        list(client.submit([record(1)]))
