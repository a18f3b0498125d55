"""The door `answer`, which takes many questions at once, and what the other doors that read are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from foundation.db import Database


class Question(NamedTuple):
    """On what authority somebody asks, about how many parties, and whether for the records themselves (`full`)."""

    fingerprint: bytes
    kind: str
    purpose: str
    query: UUID
    attempt: int
    officer_tag: bytes | None
    full: bool
    parties: int


class Answers(NamedTuple):
    """The door's answers to one question, in the order of its parties.

    `reason` is empty, or why the question was refused; refused for want of an enrolment, it has no entries. `hits`
    has of each party of whom something is found, by its place, the `items`, and where the question was for the
    records, `records` and the names of the `fields` that the grant shows.
    """

    reason: str
    yes_no: bool
    as_of: datetime
    entry_ids: Sequence[int | None]
    digests: Sequence[bytes | None]
    hits: dict[int, dict[str, Any]]


async def answer(database: Database, questions: Sequence[Question], **parties: Sequence[Any]) -> list[Answers]:
    """Put a batch to the door, in a transaction of its own; answers come in the order of the questions.

    `parties`, by columns as the door names them: those of the first question, then those of the second, and so on.
    """
    columns = dict(zip(Question._fields, map(list, zip(*questions, strict=True)), strict=True))
    asked = [number for number, count in enumerate(columns.pop("parties"), 1) for _ in range(count)]
    row = await database.alone("answer", **columns, asked=asked, **parties)
    hits, answers, start = row.hits or {}, list[Answers](), 0
    for number, question in enumerate(questions):
        end = start + question.parties
        of_this = {place - start: hits[str(place)] for place in range(start, end) if str(place) in hits} if hits else {}
        one = row.reason[number], row.yes_no[number], row.as_of, row.entry_id[start:end], row.digest[start:end], of_this
        answers.append(Answers(*one))
        start = end
    return answers


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the change feed: everything up to it was read. Order is (xid, event_id)."""

    xid: int = 0
    event_id: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the public list: by authority, by its division (GB/T 2260), by day of determination, half-open."""

    authority: str = ""
    division: str = ""
    since: date | None = None
    until: date | None = None


ALL_OF_IT = Wanted()
