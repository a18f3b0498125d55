"""The state machine of an application, explored to the end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from foundation.calendar import load_calendar
from foundation.personal import Personal
from foundation.policy import load_policy
from foundation.reasons import STEP_OUT_OF_ORDER
from foundation.refusal import Refused
from foundation.settings import LAW
from services.repair.domain.application import (
    BY_OFFICER,
    OPEN,
    STEPS,
    TAKES_EVIDENCE,
    Actor,
    Application,
    State,
    Step,
    TakenStep,
    is_overdue,
    submit,
)
from services.repair.domain.deadlines import Deadlines
from services.repair.domain.eligibility import Eligibility
from services.repair.domain.reasons import (
    APPLICATION_ALREADY_OPEN,
    COMMITMENT_REQUIRED,
    DEADLINE_OVER,
    MINIMUM_PUBLICITY_NOT_REACHED,
    MISSING_NAMED_BEFORE,
)

DAY = date(2026, 6, 1)
AT = datetime(2026, 6, 1, 4, tzinfo=UTC)
DEADLINES = Deadlines(load_policy(Path(LAW)), load_calendar(Path(LAW)))
OFFICER, SAID = Personal.each(["n-1", "s-1"])
CLEAR = Eligibility(obstacles=(), earliest_on=DAY)

Action = Callable[[Application], Step]
ACTIONS: dict[str, Action] = {
    "accept": lambda a: a.accept(missing=[], missing_named_before=False, officer=OFFICER, day=DAY, deadlines=DEADLINES),
    "name missing": lambda a: a.accept(
        missing=[SAID], missing_named_before=False, officer=OFFICER, day=DAY, deadlines=DEADLINES
    ),
    "extend": lambda a: a.extend(reasons=SAID, officer=OFFICER, day=DAY, deadlines=DEADLINES),
    "grant": lambda a: a.decide(grant=True, reasons=SAID, verification=SAID, officer=OFFICER, day=DAY),
    "refuse": lambda a: a.decide(grant=False, reasons=SAID, verification=SAID, officer=OFFICER, day=DAY),
    "withdraw": lambda a: a.withdraw(day=DAY),
    "carry out": lambda a: a.carry_out(day=DAY),
}


def handed_in() -> Application:
    step = submit(eligibility=CLEAR, commitment=True, day=DAY, deadlines=DEADLINES)
    return Application(
        application_id=UUID(int=1),
        record_id="r",
        determining_authority="a",
        correction=SAID,
        history=(TakenStep(step, AT),),
        evidence_count=0,
    )


def after(application: Application, step: Step) -> Application:
    return Application(
        application_id=application.application_id,
        record_id=application.record_id,
        determining_authority=application.determining_authority,
        correction=application.correction,
        history=(*application.history, TakenStep(step, AT)),
        evidence_count=0,
    )


def tried(action: Action, application: Application) -> Step | None:
    """The step, or None where the application does not stand where it can be taken."""
    try:
        return action(application)
    except Refused as refused:
        if refused.reason is not STEP_OUT_OF_ORDER:
            raise
        return None


def explored() -> list[tuple[Application, str, State | None]]:
    """Every application that can come about, every action on it, and where that leads (None: refused)."""
    found: list[tuple[Application, str, State | None]] = []
    waiting = [handed_in()]
    while waiting:
        application = waiting.pop()
        for name, action in ACTIONS.items():
            step = tried(action, application)
            found.append((application, name, step and step.state))
            if step is not None:
                waiting.append(after(application, step))
    return found


def test_these_are_all_the_lives_an_application_can_have() -> None:
    ends = {
        tuple(taken.step.state for taken in application.history)
        for application, _, _ in explored()
        if all(to is None for one, _, to in explored() if one.history == application.history)
    }
    s, a, e = State.SUBMITTED, State.ACCEPTED, State.EXTENDED
    assert ends == {
        (s, State.NOT_ACCEPTED),
        (s, State.WITHDRAWN),
        (s, a, State.GRANTED, State.CARRIED_OUT),
        (s, a, State.REFUSED),
        (s, a, State.WITHDRAWN),
        (s, a, e, State.GRANTED, State.CARRIED_OUT),
        (s, a, e, State.REFUSED),
        (s, a, e, State.WITHDRAWN),
    }


def test_actions_lead_along_the_table_of_steps_and_use_all_of_it() -> None:
    led = {(application.state, to) for application, _, to in explored() if to is not None}
    assert led | {(None, State.SUBMITTED)} == set(STEPS)


def test_nothing_is_granted_that_was_not_accepted_and_nothing_is_decided_twice() -> None:
    for application, action, to in explored():
        states = [taken.step.state for taken in application.history]
        if to is State.GRANTED:
            assert State.ACCEPTED in states
        if action in ("grant", "refuse") and application.decision is not None:
            assert to is None


def test_only_a_grant_is_carried_out() -> None:
    assert all(application.state is State.GRANTED for application, _, to in explored() if to is State.CARRIED_OUT)


def test_open_applications_are_exactly_those_that_something_can_still_happen_to() -> None:
    assert {before for before, _ in STEPS if before is not None} == OPEN


@pytest.mark.parametrize("state", State)
def test_evidence_is_taken_only_before_the_decision(state: State) -> None:
    for application, _, _ in explored():
        if application.state is not state:
            continue
        if state in TAKES_EVIDENCE:
            application.require_evidence_possible()
        else:
            with pytest.raises(Refused) as refused:
                application.require_evidence_possible()
            assert refused.value.reason is STEP_OUT_OF_ORDER


def test_the_last_day_is_put_off_by_the_laws_days_and_only_before_it_is_over() -> None:
    accepted = after(handed_in(), ACTIONS["accept"](handed_in()))
    due = accepted.due
    assert due is not None
    on_the_last_day = accepted.extend(reasons=SAID, officer=OFFICER, day=due.on, deadlines=DEADLINES)
    assert on_the_last_day.due == DEADLINES.calendar.add_working_days(due.on, 3)
    with pytest.raises(Refused) as refused:
        accepted.extend(
            reasons=SAID, officer=OFFICER, day=date.fromordinal(due.on.toordinal() + 1), deadlines=DEADLINES
        )
    assert refused.value.reason is DEADLINE_OVER


def test_missing_items_are_named_once_for_a_record() -> None:
    with pytest.raises(Refused) as refused:
        handed_in().accept(missing=[SAID], missing_named_before=True, officer=OFFICER, day=DAY, deadlines=DEADLINES)
    assert refused.value.reason is MISSING_NAMED_BEFORE


def test_after_missing_items_were_named_a_new_application_can_be_accepted() -> None:
    step = handed_in().accept(missing=[], missing_named_before=True, officer=OFFICER, day=DAY, deadlines=DEADLINES)
    assert step.state is State.ACCEPTED


def test_an_application_needs_the_commitment() -> None:
    with pytest.raises(Refused) as refused:
        submit(eligibility=CLEAR, commitment=False, day=DAY, deadlines=DEADLINES)
    assert (refused.value.reason, refused.value.field) == (COMMITMENT_REQUIRED, "commitment")


@pytest.mark.parametrize("obstacle", [MINIMUM_PUBLICITY_NOT_REACHED, APPLICATION_ALREADY_OPEN])
def test_an_application_is_refused_for_what_stands_in_its_way(obstacle: object) -> None:
    judged = Eligibility(obstacles=(obstacle,), earliest_on=DAY)  # type: ignore[arg-type]
    with pytest.raises(Refused) as refused:
        submit(eligibility=judged, commitment=True, day=DAY, deadlines=DEADLINES)
    assert refused.value.reason is obstacle


@pytest.mark.parametrize("state", State)
def test_a_step_that_lacks_what_it_needs_cannot_be_written(state: State) -> None:
    due = DEADLINES.decision(DAY)
    fields = {"officer": OFFICER, "due": due, "missing": (SAID,), "reasons": SAID, "verification": SAID}
    needed = {
        *(["officer"] if state in BY_OFFICER else []),
        *(["due"] if state in TAKES_EVIDENCE else []),
        *(["missing"] if state is State.NOT_ACCEPTED else []),
        *(["reasons"] if state in (State.EXTENDED, State.GRANTED, State.REFUSED) else []),
        *(["verification"] if state in (State.GRANTED, State.REFUSED) else []),
    }
    whole = {name: fields[name] for name in needed}
    Step(state=state, day=DAY, **whole)  # type: ignore[arg-type]
    for name, value in fields.items():
        changed = dict(whole)
        if changed.pop(name, None) is None:
            changed[name] = value
        with pytest.raises(ValueError, match="a step to"):
            Step(state=state, day=DAY, **changed)  # type: ignore[arg-type]


def test_officers_take_exactly_the_steps_of_the_authority() -> None:
    assert {State.ACCEPTED, State.EXTENDED, State.NOT_ACCEPTED, State.GRANTED, State.REFUSED} == BY_OFFICER
    assert STEPS[State.GRANTED, State.CARRIED_OUT] is Actor.HOUSE


def test_the_due_day_itself_is_still_on_time() -> None:
    due = handed_in().due
    assert due is not None
    assert not is_overdue(due.on, due.on)
    assert is_overdue(due.on, date.fromordinal(due.on.toordinal() + 1))
    assert not is_overdue(None, date(2100, 1, 1))


def test_what_people_wrote_does_not_print() -> None:
    application = handed_in()
    decided = next(one for one, _, _ in explored() if one.state is State.GRANTED)
    shown = f"{application!r}{application}{decided!r}{decided.history}{SAID}"
    assert not [text for text in ("correction", "n-1", "s-1") if text in shown]
