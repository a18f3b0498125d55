"""Reads the offices' journals for an auditor's questions, and the log for an export. The SQL stands in `sql/`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from foundation.db import Row, Transaction
from foundation.refusal import Refused
from services.audit.domain.detectors import Group
from services.audit.domain.questions import Question
from services.audit.domain.reasons import QUESTION_TOO_WIDE
from services.audit.store import sql
from services.audit.store.journals import SourceJournal

_WITH_MATTERS = ("blacklist", "repair")
"""The offices whose matters have numbers of this house."""


async def rows(source: SourceJournal, name: str, question: Question, *, most: int, **values: Any) -> Sequence[Row]:
    """All rows that the question `name` gives in one source. Raises Refused(QUESTION_TOO_WIDE) above `most`."""
    async with source.reading() as tx:
        found = await tx.all(sql(name), most=most + 1, **_asked(question), source=source.name, **values)
    if len(found) > most:
        raise Refused(QUESTION_TOO_WIDE, field="question.from", detail=f"More than {most:,} in one journal.")
    return found


async def groups(
    sources: Collection[SourceJournal], name: str, question: Question, *, most: int, **values: Any
) -> list[Group]:
    """Looks counted by the question `name` in all sources."""
    asked = [rows(source, name, question, most=most, **values) for source in sources]
    found = zip(sources, await asyncio.gather(*asked), strict=True)
    return [Group(source=source.name, **row._asdict()) for source, batch in found for row in batch]


async def known_matters(source: SourceJournal, matters: Collection[UUID]) -> set[UUID]:
    """Which of these numbers a case or application of the source's office has."""
    if source.name not in _WITH_MATTERS:
        return set()
    async with source.reading() as tx:
        return {row.matter for row in await tx.all(sql("matters_known"), matters=[*matters])}


async def accesses(source: SourceJournal, question: Question, **filters: Any) -> list[tuple[tuple[Any, ...], Row]]:
    """Entries after a place, newest first, one more than a page, each with its place.

    Filters: officer_tag, system, kind (a beginning).
    """
    micros, last_source, last_entry = question.after(10**17, "~", 0)
    last = {"last_micros": micros, "last_source": last_source, "last_entry": last_entry}
    async with source.reading() as tx:
        asked = {**_asked(question), **last, **filters, "source": source.name, "most": question.most + 1}
        return [((row.micros, source.name, row.entry_id), row) for row in await tx.all(sql("accesses"), **asked)]


async def exported(tx: Transaction, name: str, question: Question, **values: Any) -> Sequence[Row]:
    """`export_size`, or a page that is `exported`: of the log's entries after a place."""
    micros, index = question.after(-1, -1)
    return await tx.all(sql(name), **_asked(question), micros=micros, index=index, **values)


def _asked(question: Question) -> dict[str, Any]:
    return {"since": question.since, "before": question.before, "authority": question.authority}
