"""No step of 54号 clause 8 can be skipped: every sequence of events up to a bound is tried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

from foundation.calendar import day_of
from foundation.personal import Personal
from foundation.refusal import Refused
from services.blacklist.domain.case import Case
from services.blacklist.domain.steps import DECIDING, LEGAL, PROPOSING, State, Step
from tests.unit.blacklist.blacklist_cases import ANNA, CHEN, MEASURES, OPENED, TERMS, at, opened, taken, with_evidence

BOUND = 15
"""Events in a sequence: a listing with one statement takes 14, closing it one more."""


@dataclass(frozen=True)
class World:
    """A case and the day it is."""

    case: Case
    day: date


Event = Callable[[World], World]


def _days_pass(days: int) -> Event:
    return lambda world: replace(world, day=world.day + timedelta(days=days))


def _evidence(world: World) -> World:
    return replace(world, case=with_evidence(world.case))


def _move(make: Callable[[Case, World], object]) -> Event:
    def event(world: World) -> World:
        return replace(world, case=taken(world.case, make(world.case, world), world.day))  # type: ignore[arg-type]

    return event


EVENTS: dict[str, Event] = {
    "evidence": _evidence,
    "match": _move(lambda c, _: c.match_standard(by=ANNA, terms=TERMS)),
    "facts": _move(lambda c, _: c.find_facts(measures=MEASURES, under_age=False, slight=False, by=ANNA, terms=TERMS)),
    "panel of two": _move(lambda c, _: c.hold_panel(members=Personal.each("122"), by=ANNA, terms=TERMS)),
    "panel": _move(lambda c, _: c.hold_panel(members=Personal.each("123"), by=ANNA, terms=TERMS)),
    "notify": _move(lambda c, w: c.notify_party(by=ANNA, at=at(w.day), terms=TERMS)),
    "statement": _move(lambda c, w: c.submit_statement(by=ANNA, at=at(w.day), terms=TERMS)),
    "answer": _move(lambda c, w: c.answer_statement(upheld=False, by=ANNA, at=at(w.day), terms=TERMS)),
    "uphold": _move(lambda c, w: c.answer_statement(upheld=True, by=ANNA, at=at(w.day), terms=TERMS)),
    "list": _move(
        lambda c, w: c.decide_to_list(measures=MEASURES, accountable=True, by=CHEN, at=at(w.day), terms=TERMS)
    ),
    "list by the proposer": _move(
        lambda c, w: c.decide_to_list(measures=MEASURES, accountable=True, by=ANNA, at=at(w.day), terms=TERMS)
    ),
    "drop": _move(lambda c, w: c.decide_to_drop(by=CHEN, at=at(w.day))),
    "serve": _move(lambda c, _: c.serve_decision(by=ANNA)),
    "acknowledge": _move(lambda c, _: c.acknowledge_listing(record_id=c.case_id)),
    "close": _move(lambda c, _: c.close_listing(by=ANNA)),
    "three days pass": _days_pass(3),
}


@dataclass
class Explored:
    """What the exploration met: every case, and how many events were refused."""

    cases: list[Case] = field(default_factory=list)
    refused: int = 0


@cache
def explored() -> Explored:
    """Every case that events can lead to, each once for each number of events; what was refused leads nowhere."""
    met = Explored()
    frontier = {_key(World(opened(), OPENED)): World(opened(), OPENED)}
    for _ in range(BOUND - 1):
        following: dict[object, World] = {}
        for world in frontier.values():
            for event in EVENTS.values():
                try:
                    after = event(world)
                except Refused:
                    met.refused += 1
                    continue
                following[_key(after)] = after
        frontier = {key: world for key, world in following.items() if _is_of_interest(world)}
        met.cases.extend(world.case for world in frontier.values())
    return met


def _key(world: World) -> object:
    """What of a world can matter to the rules; two alike need not both be gone into."""
    steps = tuple((s.move.step, s.move.officer, s.move.upheld, day_of(s.at)) for s in world.case.steps)
    return steps, min(world.case.evidence, 1), world.day


def _is_of_interest(world: World) -> bool:
    """Not after a month: by then every window is over and days change nothing more."""
    return world.day < OPENED + timedelta(days=16)


def test_only_legal_paths_are_ever_taken() -> None:
    for case in explored().cases:
        states = [None, *(step.move.state for step in case.steps)]
        for (before, after), step in zip(pairwise(states), case.steps, strict=True):
            assert LEGAL[before, step.move.step] is after
        if case.state in {State.DECIDED, State.SERVED, State.LISTED, State.CLOSED, State.DROPPED}:
            _assert_due_process(case)
    assert any(case.state is State.LISTED for case in explored().cases)
    assert explored().refused > len(explored().cases)


def _assert_due_process(case: Case) -> None:
    by_step = {step.move.step: step for step in case.steps}
    assert case.evidence > 0
    for step in (Step.MATCH_STANDARD, Step.FIND_FACTS, Step.HOLD_PANEL, Step.NOTIFY_PARTY):
        assert step in by_step
    assert len(set(by_step[Step.HOLD_PANEL].move.members or ())) >= 3
    decision = next(step for step in case.steps if step.move.step in DECIDING)
    served_on = day_of(by_step[Step.NOTIFY_PARTY].at)
    assert day_of(decision.at) > TERMS.window(served_on=served_on).on
    proposers = {step.move.officer for step in case.steps if step.move.step in PROPOSING}
    assert decision.move.officer not in proposers
    statements = [step for step in case.steps if step.move.step is Step.SUBMIT_STATEMENT]
    answers = [step for step in case.steps if step.move.step is Step.ANSWER_STATEMENT]
    assert len(statements) == len(answers)
    if decision.move.step is Step.DECIDE_TO_LIST:
        assert not any(answer.move.upheld for answer in answers)


def test_every_legal_step_is_reached_and_no_other() -> None:
    met: set[tuple[State | None, Step]] = set()
    for case in explored().cases:
        states = [None, *(step.move.state for step in case.steps)]
        met.update(zip(states, (step.move.step for step in case.steps), strict=False))
    assert met == set(LEGAL)


def test_every_state_but_the_ends_has_a_way_on() -> None:
    ends = set(State) - {before for before, _ in LEGAL}
    assert ends == {State.DROPPED, State.CLOSED}
