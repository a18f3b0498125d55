"""Which measures a listing may cite, and which criteria a standard has. Source: 54号 clauses 7, 9, 10."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from foundation.policy import LawBook, Measure, Scheme, Severity
from foundation.policy.entries import SubjectType
from foundation.refusal import Refused
from services.blacklist.domain import reasons


def scheme_in_force(book: LawBook, code: str, *, on: date) -> Scheme:
    """Return the scheme. Raises Refused(SCHEME_NOT_IN_FORCE). Source: 54号 clauses 6 and 7."""
    scheme = book.scheme(code, on=on)
    if scheme is None:
        raise Refused(reasons.SCHEME_NOT_IN_FORCE, field="scheme_code")
    return scheme


def scheme_for(book: LawBook, code: str, subject_type: SubjectType, *, on: date) -> Scheme:
    """Return the scheme if it covers parties of this type, by the item under which its listings are shared.

    Raises Refused(SCHEME_NOT_IN_FORCE or SUBJECT_NOT_COVERED).
    """
    scheme = scheme_in_force(book, code, on=on)
    item = book.item(scheme.item_code, on=on)
    if item is None:
        raise Refused(reasons.SCHEME_NOT_IN_FORCE, field="scheme_code")
    if subject_type not in item.subject_types:
        raise Refused(reasons.SUBJECT_NOT_COVERED, field="party.identifier.kind")
    return scheme


def criteria_of(scheme: Scheme, codes: Sequence[str]) -> tuple[str, ...]:
    """Return the codes if the standard has them all, each named once. Raises Refused(CRITERION_UNKNOWN)."""
    known = {criterion.code for criterion in scheme.criteria}
    if not codes or not known.issuperset(codes) or len(set(codes)) != len(codes):
        raise Refused(reasons.CRITERION_UNKNOWN, field="criterion_codes")
    return tuple(codes)


def fitting_measures(
    book: LawBook, codes: Sequence[str], scheme: Scheme, subject_type: SubjectType, *, on: date
) -> tuple[Measure, ...]:
    """Return the measures that a listing under `scheme` may cite for a party of this type.

    A listing is a serious finding, the gravest grade, so that every grade of measure fits it.
    Raises Refused(MEASURE_NOT_IN_FORCE, MEASURE_NOT_FOR_AREA or MEASURE_NOT_FOR_SUBJECT).
    """
    found: list[Measure] = []
    for place, code in enumerate(dict.fromkeys(codes)):
        field = f"measure_codes[{place}]"
        measure = book.measure(code, on=on)
        if measure is None:
            raise Refused(reasons.MEASURE_NOT_IN_FORCE, field=field)
        if subject_type not in measure.subject_types:
            raise Refused(reasons.MEASURE_NOT_FOR_SUBJECT, field=field)
        if not measure.may_follow(area=scheme.area, severity=Severity.SERIOUS, subject_type=subject_type):
            raise Refused(reasons.MEASURE_NOT_FOR_AREA, field=field)
        found.append(measure)
    return tuple(found)
