"""From the opening of a case to the panel: evidence, standard, facts, meeting."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from foundation.calendar import day_of
from foundation.refusal import Refused
from foundation.rpc import Call
from services.blacklist.domain.case import Case, opening
from services.blacklist.domain.dossier import Basis, FactsFound, Party, StandardMatched, effective
from services.blacklist.domain.leniency import Leniency, answered
from services.blacklist.domain.measures import criteria_of, fitting_measures, scheme_for
from services.blacklist.domain.reasons import IDEMPOTENCY_KEY_REUSED, SAMPLE_REFUSED
from services.blacklist.office.desk import OFFICER_ROLE, SYSTEM_ROLE, Desk, View


class InvestigationOffice:
    """The steps by which an authority comes to propose a listing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def open_case(
        self, call: Call, *, scheme_code: str, party: Party, cause: str, key: str, sample: bool
    ) -> View:
        """Open an investigation; the same key of the same authority gives the case that it opened before.

        Raises Refused(SCHEME_NOT_IN_FORCE, SUBJECT_NOT_COVERED, SAMPLE_REFUSED, IDEMPOTENCY_KEY_REUSED).
        """
        call.require_role(SYSTEM_ROLE)
        officer = call.require_officer(OFFICER_ROLE)
        async with self._desk.database.transaction() as tx:
            scheme_for(self._desk.book, scheme_code, party.subject_type, on=day_of(tx.now))
            if sample and not await self._desk.store.is_sample_house(tx):
                raise Refused(SAMPLE_REFUSED, field="sample")
            case_id = await self._desk.store.new_case_id(party)
            opened = await self._desk.store.claim_request(tx, call.caller.authority, key, case_id)
            if opened != case_id:
                file = await self._desk.store.of_authority(tx, call.caller.authority, opened)
                said = (await self._desk.store.contents(tx, file))[1]["cause"]
                if (file.case.scheme_code, file.case.sample, file.party, said) != (
                    scheme_code,
                    sample,
                    party,
                    cause,
                ):
                    raise Refused(IDEMPOTENCY_KEY_REUSED, field="idempotency_key")
                return await self._desk.journalled(tx, call, file, "answered")
            case = Case(
                case_id=case_id,
                authority=call.caller.authority,
                scheme_code=scheme_code,
                sample=sample,
                evidence=0,
                steps=(),
            )
            move = opening(content={"cause": cause}, by=officer.subject, at=tx.now, terms=self._desk.terms)
            file = await self._desk.store.create(tx, case, party, move)
            return await self._desk.journalled(tx, call, file, "changed")

    async def match_standard(
        self, call: Call, case_id: UUID, *, criterion_codes: Sequence[str], reasoning: str
    ) -> View:
        """Hold the evidence against the standard. Raises Refused(CRITERION_UNKNOWN, EVIDENCE_MISSING)."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            codes = criteria_of(self._desk.scheme(file.case, tx.now), criterion_codes)
            content = StandardMatched(criterion_codes=codes, reasoning=reasoning).content()
            move = file.case.match_standard(content=content, by=officer, terms=self._desk.terms)
            return await self._desk.taken(tx, call, file, move)

    async def find_facts(
        self,
        call: Call,
        case_id: UUID,
        *,
        facts: str,
        basis: Basis,
        leniency: Leniency,
        measure_codes: Sequence[str],
    ) -> View:
        """Find the facts and propose measures.

        Raises Refused(BASIS_NOT_ALLOWED, BASIS_NOT_EFFECTIVE, LENIENCY_CONTRADICTED, MEASURE_*).
        """
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            today, party = day_of(tx.now), file.party
            scheme = self._desk.scheme(file.case, tx.now)
            fitting_measures(self._desk.book, measure_codes, scheme, party.subject_type, on=today)
            found = FactsFound(
                facts=facts,
                basis=effective(basis, on=today),
                leniency=answered(leniency, party.identifier, found_on=basis.determined_on),
            )
            move = file.case.find_facts(
                content=found.content(),
                measures=measure_codes,
                under_age=leniency.under_age,
                slight=leniency.slight,
                by=officer,
                terms=self._desk.terms,
            )
            return await self._desk.taken(tx, call, file, move)

    async def hold_panel(self, call: Call, case_id: UUID, *, minutes: str, members: Sequence[str]) -> View:
        """Record the panel meeting. Raises Refused(PANEL_TOO_SMALL)."""
        async with self._desk.changing(call, case_id, OFFICER_ROLE) as (tx, file, officer):
            move = file.case.hold_panel(
                content={"minutes": minutes}, members=members, by=officer, terms=self._desk.terms
            )
            return await self._desk.taken(tx, call, file, move)
