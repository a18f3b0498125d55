"""What comes out of a case: the listing, and the record by which the catalog shares it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from foundation.calendar import day_of
from foundation.personal import Personal
from foundation.policy import LawBook, Measure, Scheme
from services.blacklist.domain.case import Case
from services.blacklist.domain.dossier import FactsFound, Party, StandardMatched
from services.blacklist.domain.measures import scheme_in_force
from services.blacklist.domain.steps import Step

LONGEST_FIELD = 4000
"""Characters of a record's field at most (contract, FieldValue)."""
_CUT = "……（全文见决定书）"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A listing as its authority sees it. `record_id` is None until the catalog has acknowledged it."""

    listing_id: UUID
    case_id: UUID
    scheme_code: str
    record_id: UUID | None
    determined_on: date
    closed_at: datetime | None
    measures: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRecord:
    """The record of a listing, as handed in to the catalog. `express_law`: published by the law the item cites."""

    record_number: Personal
    item_code: str
    party: Party
    decision_number: Personal
    authority: str
    determined_on: date
    effective_on: date
    express_law: bool
    sample: bool
    fields: tuple[tuple[str, Personal], ...]


def listing_of(case: Case) -> Listing | None:
    """The listing that came out of a case; None where none did."""
    decision = case.last(Step.DECIDE_TO_LIST)
    if case.listing_id is None or decision is None:
        return None
    acknowledged, closed = case.last(Step.ACKNOWLEDGE_LISTING), case.last(Step.CLOSE_LISTING)
    return Listing(
        listing_id=case.listing_id,
        case_id=case.case_id,
        scheme_code=case.scheme_code,
        record_id=acknowledged.move.record_id if acknowledged else None,
        determined_on=day_of(decision.at),
        closed_at=closed.at if closed else None,
        measures=decision.move.measures or (),
    )


def record_of(
    case: Case, party: Party, *, book: LawBook, matched: StandardMatched, found: FactsFound, decision_number: Personal
) -> ListingRecord:
    """The record of a case whose decision was served, by the law in force on the day of the decision.

    The record number is the decision number under its authority's code, since two authorities may number alike.
    A person under age is never published; another one only where the item cites the express law (54号 clause 4).
    """
    decision, service = case.last(Step.DECIDE_TO_LIST), case.last(Step.SERVE_DECISION)
    assert decision is not None
    assert service is not None
    decided_on = day_of(decision.at)
    scheme = scheme_in_force(book, case.scheme_code, on=decided_on)
    item = book.item(scheme.item_code, on=decided_on)
    cited = [book.measure(code, on=decided_on) for code in decision.move.measures or ()]
    said = _fields(scheme, [measure for measure in cited if measure], matched, found)
    return ListingRecord(
        record_number=Personal(f"{case.authority}/{decision_number.reveal()}"),
        item_code=scheme.item_code,
        party=party,
        decision_number=decision_number,
        authority=case.authority,
        determined_on=decided_on,
        effective_on=day_of(service.at),
        express_law=party.identifier.is_person
        and decision.move.published is True
        and item is not None
        and item.public_persons,
        sample=case.sample,
        fields=tuple((name, _fitted(text)) for name, text in said.items() if item is None or name in item.by_name),
    )


def _fields(scheme: Scheme, measures: Sequence[Measure], matched: StandardMatched, found: FactsFound) -> dict[str, str]:
    return {
        "scheme": scheme.title,
        "criterion": "、".join(matched.criterion_codes),
        "facts": found.facts.reveal(),
        "legal_basis": f"{scheme.instrument} {scheme.article}",
        "measures": "；".join(measure.title for measure in measures),
        "removal_conditions": f"{scheme.removal_conditions}；{scheme.removal_procedure}",
        "remedies": scheme.remedies,
    }


def _fitted(text: str) -> Personal:
    return Personal(text if len(text) <= LONGEST_FIELD else text[: LONGEST_FIELD - len(_CUT)] + _CUT)
