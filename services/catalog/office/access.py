"""Grants: an authority's official applies, a steward who is somebody else approves. Source: 54号 clause 13."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from foundation.access import Caller, Officer
from foundation.calendar import day_of
from foundation.db import Database, Row, Transaction
from foundation.journal import Entry, Journal
from foundation.personal import NOTHING, Personal
from foundation.policy import LawBook
from foundation.reasons import NOT_FOUND, VALUE_INVALID
from foundation.refusal import Refused
from foundation.words import Words
from services.catalog.domain import reasons
from services.catalog.sealing import DOCUMENT_NUMBER, PARTY_NAME
from services.catalog.store import grants


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A grant as the table has it, and what was said and by whom; empty once its key is destroyed."""

    row: Row
    justification: Personal
    requested_by: Personal
    approved_by: Personal = NOTHING


class AccessOffice:
    """Keeps the grants."""

    def __init__(self, database: Database, journal: Journal, words: Words, *, lawbook: LawBook) -> None:
        self._database = database
        self._journal = journal
        self._words = words
        self._lawbook = lawbook

    async def request(
        self,
        caller: Caller,
        officer: Officer,
        *,
        purpose: str,
        item_codes: Sequence[str],
        field_names: Sequence[str],
        days: int,
        justification: str,
    ) -> Grant:
        """Apply for a grant for the caller's authority: items in force, their fields, at most 366 days."""
        if self._lawbook.purpose(purpose) is None:
            raise Refused(reasons.PURPOSE_UNKNOWN, field="purpose")
        if not 1 <= days <= 366:
            raise Refused(VALUE_INVALID, field="days", detail="A grant lasts 1 to 366 days.")
        async with self._database.transaction() as tx:
            self._check_scope(item_codes, field_names, day_of(tx.now))
            grant_id, why = uuid4(), Personal(justification)
            row = await grants.request(
                tx,
                grant_id=grant_id,
                authority=caller.authority,
                purpose=purpose,
                item_codes=sorted(set(item_codes)),
                field_names=sorted(set(field_names)),
                days=days,
                said=await self._words.seal(tx.now, grant_id, "said", why, officer.subject),
                requested_by=await self._words.official(officer),
            )
            return await self._changed(tx, "AccessService.RequestGrant", caller, officer, row)

    async def approve(self, caller: Caller, officer: Officer, grant_id: UUID) -> Grant:
        """Approve an application, as another official than the applicant."""
        async with self._database.transaction() as tx:
            known = await grants.grant(tx, grant_id)
            if known is None:
                raise Refused(NOT_FOUND, field="grant_id")
            official = await self._words.official(officer)
            if known.requested_by == official:
                raise Refused(reasons.SAME_OFFICIAL, field="grant_id")
            approval = await self._words.seal(tx.now, grant_id, "approval", officer.subject)
            row = await grants.approve(tx, grant_id=grant_id, approved_by=official, approval=approval)
            if row is None:
                raise Refused(reasons.GRANT_STATE, field="grant_id")
            return await self._changed(tx, "AccessService.ApproveGrant", caller, officer, row)

    async def revoke(self, caller: Caller, officer: Officer, grant_id: UUID, *, reason: str) -> Grant:
        """Revoke a grant, by a steward or its own authority; no answer under it follows the commit."""
        async with self._database.transaction() as tx:
            known = await grants.grant(tx, grant_id)
            if known is None or ("steward" not in caller.roles and known.authority != caller.authority):
                raise Refused(NOT_FOUND, field="grant_id")
            row = await grants.revoke(tx, grant_id=grant_id, revoked_by=await self._words.official(officer))
            if row is None:
                raise Refused(reasons.GRANT_STATE, field="grant_id")
            return await self._changed(tx, "AccessService.RevokeGrant", caller, officer, row, matter=reason)

    async def list(self, caller: Caller) -> list[Grant]:
        """The caller's grants; a steward's system sees all."""
        async with self._database.transaction() as tx:
            await self._journal.write(tx, Entry(kind="AccessService.ListGrants", caller=caller))
            rows = await grants.grants(tx, None if "steward" in caller.roles else caller.authority)
        return [await self._opened(row) for row in rows]

    def _check_scope(self, item_codes: Sequence[str], field_names: Sequence[str], today: date) -> None:
        items = [self._lawbook.item(code, on=today) for code in item_codes]
        if not items or None in items:
            raise Refused(reasons.ITEM_UNKNOWN, field="item_codes")
        known = {field.name for item in items if item for field in item.fields} | {PARTY_NAME, DOCUMENT_NUMBER}
        for place, name in enumerate(field_names):
            if name not in known:
                raise Refused(reasons.FIELD_UNKNOWN, field=f"field_names.{place}")

    async def _opened(self, row: Row) -> Grant:
        why, applicant = await self._words.open(row.said, row.grant_id, "said", count=2)
        (approver,) = await self._words.open(row.approval, row.grant_id, "approval", count=1)
        return Grant(row=row, justification=why, requested_by=applicant, approved_by=approver)

    async def _changed(
        self, tx: Transaction, kind: str, caller: Caller, officer: Officer, row: Row, *, matter: str = ""
    ) -> Grant:
        entry = Entry(
            kind=kind,
            caller=caller,
            officer=officer.subject,
            purpose=row.purpose,
            grant_id=row.grant_id,
            matter=matter,
            decision="changed",
            items=tuple(row.item_codes),
        )
        await self._journal.write(tx, entry)
        return await self._opened(row)
