"""The archive: an auditing authority's official applies, a steward approves, the first one opens, for a short time.

Each step, refused or not, is an entry of the party, which sees it at once or after the delay that the basis allows.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID, uuid4

from foundation.crypto import identifier_of, identifier_text, new_id
from foundation.db import Database, Row
from foundation.identity import Identifier
from foundation.journal import Entry, Journal, Receipt
from foundation.personal import NOTHING, Personal
from foundation.reasons import NOT_FOUND
from foundation.refusal import Kind, Refused
from foundation.rpc import Call
from foundation.words import Words
from services.catalog.domain import reasons
from services.catalog.keys import CatalogKeys
from services.catalog.office.sharing import SOURCE
from services.catalog.sealing import Sealer, Shown
from services.catalog.store import archive

APPLICANT, APPROVER = "auditor", "steward"
"""Roles of the system and of the official: who applies and opens, and who approves."""
LISTED = 500
"""Openings that a list gives at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an application says in words, and who applied and approved; all empty once its key is destroyed."""

    party: Identifier | None = field(default=None, repr=False)
    basis_number: Personal = NOTHING
    reason: Personal = NOTHING
    requested_by: Personal = NOTHING
    approved_by: Personal = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An application as the table has it, and what it says."""

    row: Row
    said: Said


class ArchiveOffice:
    """Opens archived records to two officials."""

    def __init__(self, database: Database, sealer: Sealer, journal: Journal) -> None:
        self._database = database
        self._sealer = sealer
        self._journal = journal
        self._words = Words(sealer.keyring, "archive_opening")

    async def request(
        self, call: Call, *, record_ids: Sequence[UUID], basis: str, delay_days: int, said: Said
    ) -> Opening:
        """Apply. Raises Refused(ROLE_REQUIRED, ASSERTION_REQUIRED, OFFICER_ROLE_REQUIRED, ARCHIVE_BASIS_*)."""
        party = said.party
        assert party is not None
        async with self._database.transaction() as tx:
            known = await archive.basis(tx, basis)
        # An auditor's mistake does not tell the party before the basis would; nobody else hides an attempt.
        delay = min(delay_days, known.longest_delay_days) if known and APPLICANT in call.caller.roles else 0
        about = call.entry(
            purpose=f"archive.{basis}" if known else "archive",
            matter=said.basis_number,
            subject=party,
            decision="changed",
            visible_from=tx.now + timedelta(days=delay) if delay > 0 else None,
        )
        async with self._attempt(about):
            call.require_role(APPLICANT)
            officer = call.require_officer(APPLICANT)
            if known is None:
                raise Refused(reasons.ARCHIVE_BASIS_UNKNOWN, field="basis")
            if not 0 <= delay_days <= known.longest_delay_days:
                raise Refused(reasons.ARCHIVE_DELAY_NOT_ALLOWED, field="delay_days")
            async with self._database.transaction() as tx:
                keys = await CatalogKeys.open(self._sealer.keyring, tx.now)
                opening_id = new_id(keys.bucket_of(party), os.urandom)
                texts = Personal(identifier_text(party)), said.basis_number, said.reason, officer.subject
                requested = await tx.call(
                    "request_opening",
                    fingerprint=call.caller.fingerprint,
                    opening_id=opening_id,
                    tag=keys.subject_tag(party),
                    record_ids=list(record_ids),
                    basis=basis,
                    delay_days=delay_days,
                    said=await self._words.seal(tx.now, opening_id, "said", *texts),
                    officer=await self._words.official(officer),
                )
                row: Row = requested.one()
                await self._journal.write(
                    tx, replace(about, visible_from=row.visible_from, disclosed=(f"{opening_id}:1:requested",))
                )
                return Opening(row=row, said=replace(said, requested_by=officer.subject))

    async def approve(self, call: Call, opening_id: UUID, party: Identifier) -> Opening:
        """Approve, as another official, who names the party as well.

        Raises Refused(NOT_FOUND, SAME_OFFICIAL, ARCHIVE_OTHER_PARTY, ARCHIVE_OPENING_STATE) and those of roles.
        """
        known, about = await self._known(call, opening_id)
        async with self._attempt(about):
            call.require_role(APPROVER)
            officer = call.require_officer(APPROVER)
            official = await self._words.official(officer)
            if known.row.requested_by == official:
                raise Refused(reasons.SAME_OFFICIAL, field="opening_id")
            if known.said.party is None or (party.kind, party.value) != (known.said.party.kind, known.said.party.value):
                raise Refused(reasons.ARCHIVE_OTHER_PARTY, field="subject")
            async with self._database.transaction() as tx:
                approved = await tx.call(
                    "approve_opening",
                    fingerprint=call.caller.fingerprint,
                    opening_id=opening_id,
                    officer=official,
                    approval=await self._words.seal(tx.now, opening_id, "approval", officer.subject),
                )
                row: Row | None = approved.one_or_none()
                if row is None:
                    raise Refused(reasons.ARCHIVE_OPENING_STATE, field="opening_id")
                await self._journal.write(
                    tx, replace(about, decision="changed", disclosed=(f"{opening_id}:2:approved",))
                )
                return Opening(row=row, said=replace(known.said, approved_by=officer.subject))

    async def open(self, call: Call, opening_id: UUID) -> tuple[list[Shown], Receipt]:
        """The ended records that were approved, with all their fields; each opening is an entry of its own.

        Raises Refused(NOT_FOUND) also for another official's, Refused(ARCHIVE_OPENING_STATE) and those of roles.
        """
        known, about = await self._known(call, opening_id)
        async with self._attempt(about):
            call.require_role(APPLICANT)
            officer = call.require_officer(APPLICANT)
            official = await self._words.official(officer)
            if (known.row.authority, known.row.requested_by) != (officer.authority, official):
                raise Refused(NOT_FOUND, field="opening_id")
            async with self._database.transaction() as tx:
                private = await self._journal.private_part(about.subject, about.officer, about.matter, at=tx.now)
                opened = await tx.call(
                    "open_archive",
                    fingerprint=call.caller.fingerprint,
                    opening_id=opening_id,
                    officer=official,
                    query=uuid4(),
                    journal_tag=private.tag,
                    **private.arguments(),
                )
                row: Row = opened.one()
            if row.entry_id is None:
                raise Refused(reasons.ARCHIVE_OPENING_STATE, field="opening_id")
        shown = [Shown(row=one, fields=await self._sealer.open_archived(one)) for one in row.records]
        return shown, Receipt.of(SOURCE, row)

    async def list(self, call: Call) -> list[Opening]:
        """The newest openings, at most 500, for auditors and stewards. Raises Refused(ROLE_REQUIRED)."""
        call.require_role(APPLICANT, APPROVER)
        async with self._database.transaction() as tx:
            rows = await archive.openings(tx, LISTED)
            shown = tuple(f"{row.opening_id}:1:opening" for row in rows)
            await self._journal.write(tx, call.entry(purpose="archive", disclosed=shown))
        return [Opening(row=row, said=await self._said(row)) for row in rows]

    async def _known(self, call: Call, opening_id: UUID) -> tuple[Opening, Entry]:
        """The opening, and the entry of the step that `call` takes. Raises Refused(NOT_FOUND)."""
        async with self._database.transaction() as tx:
            row = await archive.opening(tx, opening_id)
        if row is None:
            raise Refused(NOT_FOUND, field="opening_id")
        said = await self._said(row)
        return Opening(row=row, said=said), call.entry(
            purpose=f"archive.{row.basis}", matter=said.basis_number, subject=said.party, visible_from=row.visible_from
        )

    async def _said(self, row: Row) -> Said:
        party, number, reason, applicant = await self._words.open(row.said, row.opening_id, "said", count=4)
        (approver,) = await self._words.open(row.approval, row.opening_id, "approval", count=1)
        return Said(
            party=identifier_of(party.reveal()) if party else None,
            basis_number=number,
            reason=reason,
            requested_by=applicant,
            approved_by=approver,
        )

    @asynccontextmanager
    async def _attempt(self, about: Entry) -> AsyncGenerator[None]:
        """Journal what is refused within as an entry of the party."""
        try:
            yield
        except Refused as refused:
            if refused.reason.kind is Kind.UNAVAILABLE:
                raise
            async with self._database.transaction() as tx:
                await self._journal.write(tx, replace(about, decision="refused", reason=refused.reason.code))
            raise Refused(refused.reason, field=refused.field, detail=refused.detail, journalled=True) from refused
