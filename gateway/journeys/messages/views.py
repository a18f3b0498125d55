"""Messages to the signed-in party. They are read off what the offices hold; nothing is kept or sent beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from datetime import UTC, date, timedelta
from typing import Any, Literal

from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import BaseModel, Field

from chengxin.catalog.v1.record_pb2 import RecordSummary
from chengxin.catalog.v1.sharing_pb2 import ListOwnRecordsRequest
from chengxin.repair.v1.repair_pb2 import Application, ApplicationState, ListApplicationsRequest
from foundation.calendar import day_of
from gateway.counter import Visitor
from gateway.offices import Voice
from gateway.problems import answers
from gateway.routers import rest_router
from gateway.sessions import Session

KEPT = timedelta(days=400)
"""Nothing older is a message; it stays where it belongs."""

router = rest_router("/me", "messages")


class Message(BaseModel):
    """Something that happened to the party."""

    on: date = Field(description="Day, Asia/Shanghai")
    kind: Literal["record_held", "record_ended", "application"] = Field(description="What it is about")
    id: str = Field(description="The record or application")
    state: str = Field(description="Where the application stands, as its state; empty for a record")
    due_on: date | None = Field(description="Last day of the authority's next step; earliest day of repair of a record")


class Messages(BaseModel):
    """What happened to the party in the last 400 days, newest first."""

    messages: list[Message] = Field(description="The messages")


@router.get("/messages", response_model=Messages, responses=answers(401, 429, 502, 503, 504))
async def list_messages(me: Visitor) -> Messages:
    """List what happened to me. Making the list is an entry like any other look."""
    return Messages(messages=await messages_to(me))


async def messages_to(me: Voice[Session]) -> list[Message]:
    """The party's messages, as the offices know them now."""
    held, applied = await asyncio.gather(me.ask(ListOwnRecordsRequest()), me.ask(ListApplicationsRequest()))
    records = [one.record for one in held.records]
    return messages(records, applied.applications, today=day_in(held.receipt.as_of))


def messages(records: Iterable[RecordSummary], applications: Iterable[Application], *, today: date) -> list[Message]:
    """Messages newest first: of each record that it is held and that it ended, of each application where it stands."""
    found = [*_of_records(records), *_of_applications(applications)]
    return sorted((one for one in found if today - one.on < KEPT), key=lambda one: (one.on, one.id), reverse=True)


def _of_records(records: Iterable[RecordSummary]) -> Iterator[Message]:
    for record in records:
        of: dict[str, Any] = {"id": record.record_id, "state": ""}
        if record.determined_on:
            repairable = record.earliest_repair_on and not record.HasField("ended_at")
            due_on = date.fromisoformat(record.earliest_repair_on) if repairable else None
            yield Message(on=date.fromisoformat(record.determined_on), kind="record_held", due_on=due_on, **of)
        if record.HasField("ended_at"):
            yield Message(on=day_in(record.ended_at), kind="record_ended", due_on=None, **of)


def _of_applications(applications: Iterable[Application]) -> Iterator[Message]:
    for one in applications:
        since = one.stands_since if one.HasField("stands_since") else one.submitted_at
        state = ApplicationState.Name(one.state).removeprefix("APPLICATION_STATE_").lower()
        due_on = date.fromisoformat(one.due_on) if one.due_on else None
        yield Message(on=day_in(since), kind="application", id=one.application_id, state=state, due_on=due_on)


def day_in(at: Timestamp) -> date:
    """The day of an instant, Asia/Shanghai."""
    return day_of(at.ToDatetime(tzinfo=UTC))
