"""What an application is judged by: its record, the rules of the day, its evidence. For its party and its authority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chengxin.catalog.v1.record_pb2 import RecordSummary
from foundation.calendar import day_of
from foundation.crypto import bucket_in
from foundation.db import Row, Transaction
from foundation.evidence import FileHeader, open_content, open_header
from foundation.journal import Receipt
from foundation.reasons import NOT_FOUND
from foundation.refusal import Reason, Refused
from foundation.rpc import Call
from services.repair.domain.application import Application
from services.repair.domain.eligibility import eligibility
from services.repair.neighbours import finding_of
from services.repair.office import RepairOffice, entry_about
from services.repair.store import Held, sql


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class File:
    """A piece of evidence as it is listed: `size` in bytes, `sha256` of its content."""

    evidence_id: UUID
    header: FileHeader
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Examined:
    """An application beside what it is judged by; `obstacles` are what the law holds against it today."""

    application: Application
    record: RecordSummary
    obstacles: tuple[Reason, ...]
    files: list[File]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Examines applications. The entry is committed before anything is shown."""

    office: RepairOffice

    async def examine(self, call: Call, application_id: UUID) -> tuple[Examined, Receipt]:
        """One application with all that it is judged by. Raises Refused(NOT_FOUND, UNAVAILABLE)."""
        async with self.office.database.transaction() as tx:
            held = await self.office.opened(tx, call, application_id)
            files = [_file(held, row) for row in await _evidence(tx, application_id)]
            today = day_of(tx.now)
            receipt = await self.office.journal.write(tx, entry_about(call, held, decision="answered"))
        application = held.application
        record = await self.office.catalog.record(application.record_id, matter=str(application_id), about=held.subject)
        judged = eligibility(finding_of(record), today=today, application_open=False)
        shown = Examined(application=application, record=record, obstacles=judged.obstacles, files=files)
        return shown, receipt

    async def read_evidence(self, call: Call, application_id: UUID, evidence_id: UUID) -> tuple[File, bytes, Receipt]:
        """One piece of evidence and its content. Raises Refused(NOT_FOUND)."""
        async with self.office.database.transaction() as tx:
            held = await self.office.opened(tx, call, application_id)
            for row in await _evidence(tx, application_id, evidence_id):
                file, content = _file(held, row), open_content(held.dek, evidence_id, bytes(row.content))
                entry = entry_about(call, held, decision="answered")
                disclosed = (f"{evidence_id}:1:content",)
                return file, content, await self.office.journal.write(tx, replace(entry, disclosed=disclosed))
        raise Refused(NOT_FOUND, field="evidence_id")


async def _evidence(tx: Transaction, application_id: UUID, evidence_id: UUID | None = None) -> Sequence[Row]:
    """Evidence in the order of hand-in; one piece with its content."""
    return await tx.all(sql("evidence"), bucket=bucket_in(application_id), id=application_id, one=evidence_id)


def _file(held: Held, row: Row) -> File:
    header, sha256 = open_header(held.dek, row.evidence_id, bytes(row.header))
    return File(evidence_id=row.evidence_id, header=header, size=row.size, sha256=sha256)
