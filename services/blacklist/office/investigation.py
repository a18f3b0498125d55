"""From the opening of a case to the panel: evidence, standard, facts, meeting. Source: 54号 clause 8."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from foundation.calendar import day_of
from foundation.evidence import UPLOAD_S, FileHeader, SealedFile, Uploads, seal_file
from foundation.personal import Personal
from foundation.reasons import IDEMPOTENCY_KEY_REUSED
from foundation.refusal import Refused
from foundation.rpc import Call
from services.blacklist.domain.case import Case, opening
from services.blacklist.domain.dossier import FactsFound, Party, StandardMatched, effective
from services.blacklist.domain.leniency import answered
from services.blacklist.domain.measures import criteria_of, scheme_for
from services.blacklist.domain.reasons import SAMPLE_REFUSED
from services.blacklist.domain.steps import Step
from services.blacklist.domain.texts import Text
from services.blacklist.office.desk import OFFICER_ROLE, SYSTEM_ROLE, Desk, View


class InvestigationOffice:
    """The steps by which an authority comes to propose a listing."""

    def __init__(self, desk: Desk, *, upload_s: float = UPLOAD_S) -> None:
        self._desk = desk
        self._uploads = Uploads(upload_s=upload_s)

    async def open_case(
        self, call: Call, *, scheme_code: str, party: Party, cause: Personal, key: str, sample: bool
    ) -> View:
        """Open an investigation; the same key of the same authority gives the case that it opened before.

        Raises Refused(SCHEME_NOT_IN_FORCE, SUBJECT_NOT_COVERED, SAMPLE_REFUSED, IDEMPOTENCY_KEY_REUSED).
        """
        call.require_role(SYSTEM_ROLE)
        officer, desk, store = call.require_officer(OFFICER_ROLE), self._desk, self._desk.store
        async with desk.database.transaction() as tx:
            scheme_for(desk.book, scheme_code, party.subject_type, on=day_of(tx.now))
            if sample and not await store.is_sample_house(tx):
                raise Refused(SAMPLE_REFUSED, field="sample")
            case_id = await store.new_case_id(party)
            opened = await store.claim_request(tx, call.caller.authority, key, case_id)
            if opened != case_id:
                file = await store.of_authority(tx, call.caller.authority, opened)
                (before,) = await store.said(tx, file, dict[str, Text], Step.OPEN)
                held = (file.case.scheme_code, file.case.sample, file.party, before["cause"])
                if held != (scheme_code, sample, party, cause):
                    raise Refused(IDEMPOTENCY_KEY_REUSED, field="idempotency_key")
                return await desk.journalled(tx, call, file, "answered")
            authority = call.caller.authority
            case = Case(case_id=case_id, authority=authority, scheme_code=scheme_code, sample=sample)
            move = opening(by=officer.subject, at=tx.now, terms=desk.terms)
            file = await store.create(tx, case, party, move, {"cause": cause})
            return await desk.journalled(tx, call, file, "changed")

    async def add_evidence(
        self, call: Call, case_id: UUID, header: FileHeader, parts: AsyncIterator[bytes]
    ) -> SealedFile:
        """Add a piece of evidence (调查取证). Raises Refused(NOT_FOUND, STEP_OUT_OF_ORDER, EVIDENCE_*)."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (_, file, _):
            file.case.takes_evidence()  # before anything large is taken in
        async with (
            self._uploads.collected(header.media_type, parts) as content,
            self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer),
        ):
            file.case.takes_evidence()
            new = seal_file(file.dek, header, content)
            await self._desk.store.add_evidence(tx, file, new, officer=officer, media_type=header.media_type)
            await self._desk.journalled(tx, call, file, "changed")
            return new

    async def match_standard(self, call: Call, case_id: UUID, matched: StandardMatched) -> View:
        """Hold the evidence against the standard. Raises Refused(CRITERION_UNKNOWN, EVIDENCE_MISSING)."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            criteria_of(self._desk.scheme(file.case, tx.now), matched.criterion_codes)
            move = file.case.match_standard(by=officer, terms=self._desk.terms)
            return await self._desk.taken(tx, call, file, move, matched)

    async def find_facts(self, call: Call, case_id: UUID, found: FactsFound, *, measure_codes: Sequence[str]) -> View:
        """Find the facts and propose measures.

        Raises Refused(BASIS_NOT_ALLOWED, BASIS_NOT_EFFECTIVE, LENIENCY_CONTRADICTED, MEASURE_*).
        """
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            self._desk.measures(file, measure_codes, at=tx.now)
            effective(found.basis, on=day_of(tx.now))
            leniency = answered(found.leniency, file.party.identifier, found_on=found.basis.determined_on)
            move = file.case.find_facts(
                measures=measure_codes,
                under_age=leniency.under_age,
                slight=leniency.slight,
                by=officer,
                terms=self._desk.terms,
            )
            return await self._desk.taken(tx, call, file, move, found)

    async def hold_panel(self, call: Call, case_id: UUID, *, minutes: Personal, members: Sequence[Personal]) -> View:
        """Record the panel meeting. Raises Refused(PANEL_TOO_SMALL)."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.hold_panel(members=members, by=officer, terms=self._desk.terms)
            content = {"minutes": minutes, "members": list(move.members or ())}
            return await self._desk.taken(tx, call, file, move, content)
