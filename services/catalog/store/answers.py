"""The door `answer`, which takes many questions at once, and what the other doors that read are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from uuid import UUID

from foundation.db import Row, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One member of a batch, all that the door needs to answer and journal it: its members are the door's arguments."""

    fingerprint: bytes
    kind: str
    purpose: str
    bucket: int
    tag: bytes
    query: UUID
    attempt: int
    salt: bytes
    sealed: bytes
    journal_tag: bytes | None
    officer_tag: bytes | None
    full: bool


async def answer(tx: Transaction, questions: Sequence[Question]) -> Sequence[Row]:
    """Put a batch to the door; answers come in the order of the questions.

    Each has reason (empty: it was answered), entry_id, as_of, digest, yes_no, items, field_names and records.
    """
    columns = {one.name: [getattr(question, one.name) for question in questions] for one in fields(Question)}
    return (await tx.call("answer", **columns)).all()


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
