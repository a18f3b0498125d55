"""Who may decide, on what, about whom; when evidence is taken."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.identity import Identifier, IdentifierKind, canonicalise, resident_check_digit, uscc_check_character
from foundation.personal import Personal
from foundation.reasons import STEP_OUT_OF_ORDER
from foundation.refusal import Reason, Refused
from services.blacklist.domain import reasons
from services.blacklist.domain.case import Case
from services.blacklist.domain.dossier import BASIS_KINDS, Basis, Decided, Party, StandardMatched, effective
from services.blacklist.domain.leniency import Leniency, answered, is_accountable
from services.blacklist.domain.measures import criteria_of, fitting_measures, scheme_for, scheme_in_force
from services.blacklist.domain.steps import State
from tests.unit.blacklist.blacklist_cases import (
    ANNA,
    BO,
    BOOK,
    CHEN,
    MEASURES,
    OPENED,
    POLICY,
    TERMS,
    Attempt,
    at,
    first_free_day,
    notified,
    opened,
    replied,
    stated,
    to_list,
)


def refusal(attempt: Attempt) -> Reason:
    """Why an attempt is refused."""
    with pytest.raises(Refused) as refused:
        attempt()
    return refused.value.reason


def person(born: date) -> Identifier:
    """A natural person, under a division that was never assigned."""
    first17 = f"439999{born:%Y%m%d}001"
    return canonicalise(IdentifierKind.RESIDENT_ID, first17 + resident_check_digit(first17), today=date(2026, 6, 1))


def company() -> Identifier:
    """A company that does not exist."""
    first17 = "91439999MA0000001"
    return canonicalise(IdentifierKind.USCC, first17 + uscc_check_character(first17), today=date(2026, 6, 1))


def leniency(*, under_age: bool = False) -> Leniency:
    """An answer to the leniency question."""
    return Leniency(
        under_age=under_age, force_majeure=False, unintentional=False, slight=False, reasons=Personal("已审查")
    )


def basis(**changes: object) -> Basis:
    """A document on which facts rest."""
    values: dict[str, object] = {
        "kind": "penalty_decision",
        "number": Personal("1"),
        "authority": company().value,
        "determined_on": date(2026, 5, 1),
        "effective_on": date(2026, 5, 1),
    }
    return Basis(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("decider", [ANNA, BO])
def test_neither_who_opened_nor_who_found_the_facts_decides(decider: Personal) -> None:
    case = notified(finder=BO)
    day = first_free_day(case)
    assert refusal(lambda: to_list(case, day, by=decider)) is reasons.SAME_OFFICIAL
    assert refusal(lambda: case.decide_to_drop(by=decider, at=at(day))) is reasons.SAME_OFFICIAL


def test_who_only_heard_the_party_may_decide() -> None:
    case = notified()
    assert to_list(case, first_free_day(case), by=BO).state is State.DECIDED


def test_a_pending_statement_stops_every_decision() -> None:
    case = stated(notified(), OPENED)
    day = first_free_day(case)
    assert refusal(lambda: to_list(case, day)) is reasons.STATEMENT_UNANSWERED
    assert refusal(lambda: case.decide_to_drop(by=CHEN, at=at(day))) is reasons.STATEMENT_UNANSWERED


def test_a_statement_may_come_after_the_window_as_long_as_nothing_is_decided() -> None:
    case = notified()
    late = first_free_day(case)
    case = replied(stated(case, late), late)
    assert case.window == notified().window
    assert to_list(case, late).state is State.DECIDED


def test_an_upheld_statement_ends_in_dropping() -> None:
    case = replied(stated(notified(), OPENED), OPENED, upheld=True)
    case = replied(stated(case, OPENED), OPENED, upheld=False)
    day = first_free_day(case)
    assert refusal(lambda: to_list(case, day)) is reasons.STATEMENT_UPHELD
    assert case.decide_to_drop(by=CHEN, at=at(day)).state is State.DROPPED


@given(st.sets(st.sampled_from([*MEASURES, "tender_limit", "public_funds_limit"]), min_size=1))
def test_a_decision_never_goes_beyond_what_was_proposed(cited: set[str]) -> None:
    case = replied(stated(notified(), OPENED), OPENED)
    day = first_free_day(case)
    if cited <= set(MEASURES):
        assert set(to_list(case, day, measures=tuple(cited)).measures or ()) == cited
    else:
        attempt = lambda: to_list(case, day, measures=tuple(cited))  # noqa: E731
        assert refusal(attempt) is reasons.MEASURE_NOT_PROPOSED


def test_a_slight_case_is_not_listed() -> None:
    case = notified(slight=True)
    assert refusal(lambda: to_list(case, first_free_day(case))) is reasons.SLIGHT_NOT_LISTED


def test_a_party_under_age_is_listed_without_publicity_and_under_fourteen_not_at_all() -> None:
    case = notified(under_age=True)
    day = first_free_day(case)
    assert to_list(case, day).published is False
    assert to_list(notified(), day).published is True
    assert refusal(lambda: to_list(case, day, accountable=False)) is reasons.UNDER_FOURTEEN


@pytest.mark.parametrize(
    ("born", "accountable"),
    [(date(2012, 6, 1), False), (date(2012, 5, 31), True), (date(2012, 2, 29), True), (date(1980, 1, 1), True)],
)
def test_who_is_fourteen_on_the_day_of_the_document_is_accountable(born: date, accountable: bool) -> None:
    assert is_accountable(person(born), found_on=date(2026, 6, 1), policy=POLICY) is accountable


def test_an_organisation_is_accountable_and_never_under_age() -> None:
    assert is_accountable(company(), found_on=OPENED, policy=POLICY)
    attempt = lambda: answered(leniency(under_age=True), company(), found_on=OPENED)  # noqa: E731
    assert refusal(attempt) is reasons.LENIENCY_CONTRADICTED


def test_the_leniency_answer_cannot_make_a_minor_an_adult() -> None:
    minor = person(date(2010, 1, 1))
    attempt = lambda: answered(leniency(), minor, found_on=OPENED)  # noqa: E731
    assert refusal(attempt) is reasons.LENIENCY_CONTRADICTED
    assert answered(leniency(under_age=True), minor, found_on=OPENED).under_age
    grown = person(date(2007, 1, 1))
    assert answered(leniency(under_age=True), grown, found_on=OPENED).under_age, "the conduct lies earlier"


def test_evidence_comes_before_the_standard() -> None:
    attempt = lambda: opened().match_standard(by=ANNA, terms=TERMS)  # noqa: E731
    assert refusal(attempt) is reasons.EVIDENCE_MISSING


def test_evidence_is_taken_while_investigating_and_while_verifying_a_statement_only() -> None:
    opened().takes_evidence()
    stated(notified(), OPENED).takes_evidence()
    assert refusal(notified().takes_evidence) is STEP_OUT_OF_ORDER


@pytest.mark.parametrize("members", [[], ["1"], ["1", "2"], ["1", "2", "2"], ["1", "1", "1"]])
def test_a_panel_has_three_different_members(members: list[str]) -> None:
    case = _facts_found()
    attempt = lambda: case.hold_panel(members=Personal.each(members), by=BO, terms=TERMS)  # noqa: E731
    assert refusal(attempt) is reasons.PANEL_TOO_SMALL


def _facts_found() -> Case:
    case = notified()
    return Case(
        case_id=case.case_id,
        authority=case.authority,
        scheme_code=case.scheme_code,
        sample=True,
        evidence=1,
        steps=case.steps[:3],
    )


def test_facts_rest_on_effective_documents_of_the_kinds_of_clause_two() -> None:
    for kind in BASIS_KINDS:
        assert effective(basis(kind=kind), on=OPENED)
    for kind in ("licence_decision", "listing_decision"):
        assert refusal(lambda kind=kind: effective(basis(kind=kind), on=OPENED)) is reasons.BASIS_NOT_ALLOWED
    for dates in ({"effective_on": date(2026, 6, 2)}, {"determined_on": date(2026, 5, 2)}):
        document = basis(**dates)
        assert refusal(lambda d=document: effective(d, on=OPENED)) is reasons.BASIS_NOT_EFFECTIVE


def test_only_a_scheme_in_force_keeps_a_list() -> None:
    assert scheme_in_force(BOOK, "wages", on=OPENED).area == "wages"
    assert refusal(lambda: scheme_in_force(BOOK, "wages", on=date(2021, 1, 1))) is reasons.SCHEME_NOT_IN_FORCE
    assert refusal(lambda: scheme_in_force(BOOK, "gossip", on=OPENED)) is reasons.SCHEME_NOT_IN_FORCE


def test_the_standard_is_met_by_criteria_that_it_has() -> None:
    scheme = scheme_for(BOOK, "market_regulation", "enterprise", on=OPENED)
    assert criteria_of(scheme, ["M1", "M5"]) == ("M1", "M5")
    for codes in ([], ["M1", "M1"], ["W1"], ["M1", ""]):
        assert refusal(lambda codes=codes: criteria_of(scheme, codes)) is reasons.CRITERION_UNKNOWN


def test_every_scheme_has_a_measure_that_fits_each_type_of_party_it_covers() -> None:
    for scheme in BOOK.schemes_in_force(OPENED):
        item = BOOK.item(scheme.item_code, on=OPENED)
        assert item is not None
        for subject_type in item.subject_types:
            fitting = [
                measure.code
                for measure in BOOK.measures_in_force(OPENED)
                if scheme.area in measure.areas and subject_type in measure.subject_types
            ]
            assert fitting_measures(BOOK, fitting, scheme, subject_type, on=OPENED)


def test_what_a_step_says_does_not_print() -> None:
    said = Personal("举报")
    decided = Decided(number=said, reasons=said, document=said)
    matched = StandardMatched(criterion_codes=("M1",), reasoning=said)
    shown = (decided, matched, leniency(), basis(number=said), Party(identifier=company(), name=said), opened())
    assert not [text for text in ("举报", "已审查", "officer-1") if text in f"{shown!r}{shown}"]
