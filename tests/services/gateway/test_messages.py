"""What a party is told happened: from records and applications alone, newest first, nothing old."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

from chengxin.catalog.v1.record_pb2 import RecordSummary
from chengxin.repair.v1 import repair_pb2 as repair
from gateway.journeys.messages.views import KEPT, Message, messages
from tests.services.gateway.conftest import Browser

TODAY = date(2026, 6, 1)


def at(year: int, month: int, day: int, hour: int = 0) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(datetime(year, month, day, hour, tzinfo=UTC))
    return made


def told(records: list[RecordSummary], *applications: repair.Application) -> list[tuple[date, str, str, str]]:
    return [(one.on, one.kind, one.id, one.state) for one in messages(records, applications, today=TODAY)]


def test_each_record_is_told_of_when_it_was_determined_and_when_it_ended() -> None:
    ended = RecordSummary(record_id="r1", determined_on="2026-01-05", ended_at=at(2026, 5, 9, 17))
    held = RecordSummary(record_id="r2", determined_on="2026-03-05", earliest_repair_on="2026-06-05")
    assert told([ended, held]) == [
        (date(2026, 5, 10), "record_ended", "r1", ""),  # 01:00 of the next day in Shanghai
        (date(2026, 3, 5), "record_held", "r2", ""),
        (date(2026, 1, 5), "record_held", "r1", ""),
    ]
    assert messages([held], [], today=TODAY)[0].due_on == date(2026, 6, 5)


def test_an_application_is_told_of_where_it_stands_and_since_when() -> None:
    states = (repair.APPLICATION_STATE_ACCEPTED, repair.APPLICATION_STATE_EXTENDED, repair.APPLICATION_STATE_REFUSED)
    applications = [
        repair.Application(
            application_id=f"a{n}", state=state, submitted_at=at(2026, 4, 1), stands_since=at(2026, 5, n)
        )
        for n, state in enumerate(states, 1)
    ]
    assert [(one[0].day, one[3]) for one in told([], *applications)] == [
        (3, "refused"),
        (2, "extended"),
        (1, "accepted"),
    ]
    due = repair.Application(application_id="a", state=1, submitted_at=at(2026, 5, 1), due_on="2026-05-08")
    assert messages([], [due], today=TODAY) == [
        Message(on=date(2026, 5, 1), kind="application", id="a", state="submitted", due_on=date(2026, 5, 8))
    ]


def test_what_is_older_than_it_is_kept_is_no_message() -> None:
    days = (TODAY - KEPT, TODAY - KEPT + timedelta(days=1))
    records = [RecordSummary(record_id=f"r{n}", determined_on=day.isoformat()) for n, day in enumerate(days)]
    assert [one[2] for one in told(records)] == ["r1"]


async def test_the_page_and_the_api_tell_the_same(visitor: Browser) -> None:
    told = (await visitor.get("/api/v1/me/messages")).json()["messages"]
    page = (await visitor.get("/me/messages", headers={"Accept": "text/html"})).text
    assert told
    for one in told:
        where = "applications" if one["kind"] == "application" else "records"
        assert f'href="/me/{where}/{one["id"]}' in page
