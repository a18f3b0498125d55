"""Cases in memory: the moves of a lawful case, on days of the real working calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from foundation.calendar import load_calendar, start_of
from foundation.personal import Personal
from foundation.policy import LawBook, load_policy
from foundation.settings import LAW
from services.blacklist.domain.case import Case, Move, opening
from services.blacklist.domain.deadlines import Terms

POLICY = load_policy(LAW)
CALENDAR = load_calendar(LAW)
BOOK = LawBook.load(LAW, POLICY)
TERMS = Terms(policy=POLICY, calendar=CALENDAR)

OPENED = date(2026, 6, 1)  # a Monday
ANNA, BO, CHEN = Personal.each(["officer-1", "officer-2", "decider-1"])
MEASURES = ("procurement_bar", "no_commendation")
DIGEST = bytes(32)
NOTICE_SECTIONS = (
    "拟认定的事实",
    "认定标准和理由",
    "依据",
    "拟提示的失信惩戒措施",
    "从宽情形的审查",
    "你（单位）的权利",
    "拟告知的移出条件、程序和救济措施",
)
DECISION_SECTIONS = (
    "事由",
    "认定标准和理由",
    "依据",
    "失信惩戒措施提示",
    "从宽情形的审查",
    "陈述、申辩及复核情况",
    "公示和期限",
    "移出条件",
    "移出程序",
    "救济措施",
    "信用修复告知",
)
DROP_SECTIONS = ("事由", "不予列入的理由", "陈述、申辩及复核情况", "救济措施")
"""What 54号 clause 8 and the Administrative Penalty Law arts. 44 and 59 ask of each document, in its order."""


def at(day: date, hour: int = 10) -> datetime:
    """An hour of a day in Shanghai."""
    return (start_of(day) + timedelta(hours=hour)).astimezone(UTC)


def with_evidence(case: Case) -> Case:
    """The case with one more piece of evidence."""
    case.takes_evidence()
    return Case(
        case_id=case.case_id,
        authority=case.authority,
        scheme_code=case.scheme_code,
        sample=case.sample,
        evidence=case.evidence + 1,
        steps=case.steps,
    )


def opened(day: date = OPENED, *, by: Personal = ANNA) -> Case:
    """A case just opened."""
    empty = Case(case_id=UUID(int=7), authority="A", scheme_code="market_regulation", sample=True, evidence=0, steps=())
    move = opening(by=by, at=at(day), terms=TERMS)
    return empty.with_step(move, at=at(day), digest=DIGEST)


def taken(case: Case, move: Move, day: date) -> Case:
    """The case after a move on a day."""
    return case.with_step(move, at=at(day), digest=DIGEST)


def found(case: Case, day: date, *, by: Personal = ANNA, under_age: bool = False, slight: bool = False) -> Case:
    """The case with its facts found."""
    move = case.find_facts(measures=MEASURES, under_age=under_age, slight=slight, by=by, terms=TERMS)
    return taken(case, move, day)


def notified(day: date = OPENED, *, under_age: bool = False, slight: bool = False, finder: Personal = ANNA) -> Case:
    """A case whose party was notified on the day on which it was opened."""
    case = with_evidence(opened(day))
    case = taken(case, case.match_standard(by=ANNA, terms=TERMS), day)
    case = found(case, day, by=finder, under_age=under_age, slight=slight)
    case = taken(case, case.hold_panel(members=Personal.each("123"), by=BO, terms=TERMS), day)
    return taken(case, case.notify_party(by=BO, at=at(day), terms=TERMS), day)


def stated(case: Case, day: date) -> Case:
    """The case after a statement of the party."""
    return taken(case, case.submit_statement(by=BO, at=at(day), terms=TERMS), day)


def replied(case: Case, day: date, *, upheld: bool = False) -> Case:
    """The case after the answer to its statement."""
    move = case.answer_statement(upheld=upheld, by=BO, at=at(day), terms=TERMS)
    return taken(case, move, day)


def to_list(
    case: Case, day: date, *, by: Personal = CHEN, measures: tuple[str, ...] = MEASURES, accountable: bool = True
) -> Move:
    """The decision to list."""
    return case.decide_to_list(measures=measures, accountable=accountable, by=by, at=at(day), terms=TERMS)


def first_free_day(case: Case) -> date:
    """The first day after the window."""
    assert case.window is not None
    return case.window.on + timedelta(days=1)


Attempt = Callable[[], object]
