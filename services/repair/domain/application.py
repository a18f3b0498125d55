"""An application for repair and the steps it can take.

    submitted ─ accepted ─ (extended) ─ granted ─ carried out
        │  │                  │  └───── refused
        │  │                  └──────── withdrawn (by the party)
        │  └─────────────────────────── withdrawn (by the party)
        └────────────────────────────── not accepted

An application that is not accepted is over: the party hands in a new one with what was missing. Missing items
are named once, all together (Shenzhen regulation art. 81): once an application about a record was not
accepted, a later one about that record must be accepted and decided with reasons.

The last day of the decision may be put off once, with reasons, by the head of the deciding authority (Shenzhen
regulation art. 82, as a model).
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from foundation.calendar import Deadline
from foundation.personal import NOTHING, Personal
from foundation.reasons import STEP_OUT_OF_ORDER
from foundation.refusal import Refused
from services.repair.domain.deadlines import Deadlines
from services.repair.domain.eligibility import Eligibility
from services.repair.domain.reasons import COMMITMENT_REQUIRED, DEADLINE_OVER, MISSING_NAMED_BEFORE


class State(enum.Enum):
    """Where an application stands."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    EXTENDED = "extended"
    NOT_ACCEPTED = "not_accepted"
    GRANTED = "granted"
    CARRIED_OUT = "carried_out"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Actor(enum.Enum):
    """Who takes a step: the party, an officer of the determining authority, or the house by itself."""

    PARTY = "party"
    OFFICER = "officer"
    HOUSE = "house"


STEPS: dict[tuple[State | None, State], Actor] = {
    (None, State.SUBMITTED): Actor.PARTY,
    (State.SUBMITTED, State.ACCEPTED): Actor.OFFICER,
    (State.SUBMITTED, State.NOT_ACCEPTED): Actor.OFFICER,
    (State.SUBMITTED, State.WITHDRAWN): Actor.PARTY,
    (State.ACCEPTED, State.EXTENDED): Actor.OFFICER,
    (State.ACCEPTED, State.GRANTED): Actor.OFFICER,
    (State.ACCEPTED, State.REFUSED): Actor.OFFICER,
    (State.ACCEPTED, State.WITHDRAWN): Actor.PARTY,
    (State.EXTENDED, State.GRANTED): Actor.OFFICER,
    (State.EXTENDED, State.REFUSED): Actor.OFFICER,
    (State.EXTENDED, State.WITHDRAWN): Actor.PARTY,
    (State.GRANTED, State.CARRIED_OUT): Actor.HOUSE,
}
"""Every step there is, with who takes it. The database holds the same in `step_rule`."""

EVIDENCE_FILES = 20
"""Files that an application takes."""

BY_OFFICER = frozenset(to for (_, to), actor in STEPS.items() if actor is Actor.OFFICER)
"""States that only an officer's step leads to."""

TAKES_EVIDENCE = frozenset({State.SUBMITTED, State.ACCEPTED, State.EXTENDED})
"""States in which the party may add evidence and a step of the authority is due."""

OPEN = TAKES_EVIDENCE | {State.GRANTED}
"""States in which another application about the same record is refused."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Step:
    """A step as the rules allow it, taken on `day`; the database stamps its instant. Does not print.

    `due` is the last day of the step that must follow; `officer` is the official's subject in the assertion.
    """

    state: State
    day: date
    officer: Personal = NOTHING
    due: Deadline | None = None
    missing: tuple[Personal, ...] = ()
    reasons: Personal = NOTHING
    verification: Personal = NOTHING

    def __post_init__(self) -> None:
        decides = self.state in (State.GRANTED, State.REFUSED)
        whole = (
            bool(self.officer) == (self.state in BY_OFFICER)
            and (self.due is not None) == (self.state in TAKES_EVIDENCE)
            and bool(self.missing) == (self.state is State.NOT_ACCEPTED)
            and bool(self.reasons) == (decides or self.state is State.EXTENDED)
            and bool(self.verification) == decides
        )
        if not whole:
            raise ValueError(f"a step to {self.state.value} lacks what it needs, or has what it must not")


@dataclass(frozen=True, slots=True)
class TakenStep:
    """A step and the instant at which it was taken (house clock, aware)."""

    step: Step
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Application:
    """An application with its history, oldest step first. Holds what people wrote, so it does not print."""

    application_id: UUID
    record_id: str
    determining_authority: str
    correction: Personal
    history: tuple[TakenStep, ...]
    evidence_count: int

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.history[-1].step.state

    @property
    def due(self) -> Deadline | None:
        """Last day of the next statutory deadline; None when nothing is due."""
        return self.history[-1].step.due

    def reached(self, *states: State) -> TakenStep | None:
        """The step by which it came to one of `states`; None when it has not."""
        return next((taken for taken in self.history if taken.step.state in states), None)

    @property
    def submitted_at(self) -> datetime:
        """When the party handed it in."""
        return self.history[0].at

    @property
    def decision(self) -> TakenStep | None:
        """The grant or refusal."""
        return self.reached(State.GRANTED, State.REFUSED)

    @property
    def decided_at(self) -> datetime | None:
        """When it was granted or refused; None before."""
        return self.decision.at if self.decision else None

    def accept(
        self,
        *,
        missing: Sequence[Personal],
        missing_named_before: bool,
        officer: Personal,
        day: date,
        deadlines: Deadlines,
    ) -> Step:
        """Accept it (受理), or say at once everything that is missing.

        Raises Refused(STEP_OUT_OF_ORDER), and Refused(MISSING_NAMED_BEFORE) when an application about this
        record was not accepted before.
        """
        if not missing:
            self._require(State.ACCEPTED)
            return Step(state=State.ACCEPTED, day=day, officer=officer, due=deadlines.decision(day))
        self._require(State.NOT_ACCEPTED)
        if missing_named_before:
            raise Refused(MISSING_NAMED_BEFORE, field="missing")
        return Step(state=State.NOT_ACCEPTED, day=day, officer=officer, missing=tuple(missing))

    def extend(self, *, reasons: Personal, officer: Personal, day: date, deadlines: Deadlines) -> Step:
        """Put the last day of the decision off, once and before it is over, with reasons.

        Raises Refused(STEP_OUT_OF_ORDER, DEADLINE_OVER).
        """
        self._require(State.EXTENDED)
        assert self.due is not None  # since it is accepted
        if is_overdue(self.due.on, day):
            raise Refused(DEADLINE_OVER)
        due = deadlines.extended(self.due, day)
        return Step(state=State.EXTENDED, day=day, officer=officer, due=due, reasons=reasons)

    def decide(self, *, grant: bool, reasons: Personal, verification: Personal, officer: Personal, day: date) -> Step:
        """Grant or refuse it, once, with reasons and with how the correction was verified.

        Requires both texts. Raises Refused(STEP_OUT_OF_ORDER).
        """
        state = State.GRANTED if grant else State.REFUSED
        self._require(state)
        return Step(state=state, day=day, officer=officer, reasons=reasons, verification=verification)

    def withdraw(self, *, day: date) -> Step:
        """Take it back, before it is decided. Raises Refused(STEP_OUT_OF_ORDER)."""
        self._require(State.WITHDRAWN)
        return Step(state=State.WITHDRAWN, day=day)

    def carry_out(self, *, day: date) -> Step:
        """Note that the catalog has acknowledged the end of sharing. Raises Refused(STEP_OUT_OF_ORDER)."""
        self._require(State.CARRIED_OUT)
        return Step(state=State.CARRIED_OUT, day=day)

    def require_evidence_possible(self) -> None:
        """Raise Refused(STEP_OUT_OF_ORDER) unless the party may add evidence now."""
        if self.state not in TAKES_EVIDENCE:
            raise Refused(STEP_OUT_OF_ORDER, detail=f"It is {self.state.value}.")

    def _require(self, state: State) -> None:
        if (self.state, state) not in STEPS:
            raise Refused(STEP_OUT_OF_ORDER, detail=f"It is {self.state.value}.")


def is_overdue(due_on: date | None, today: date) -> bool:
    """Whether the last day is past."""
    return due_on is not None and due_on < today


def submit(*, eligibility: Eligibility, commitment: bool, day: date, deadlines: Deadlines) -> Step:
    """The first step: the party hands the application in.

    Raises Refused with the first obstacle of `eligibility`, or Refused(COMMITMENT_REQUIRED).
    """
    if eligibility.obstacles:
        raise Refused(eligibility.obstacles[0], field="record_id")
    if not commitment:
        raise Refused(COMMITMENT_REQUIRED, field="commitment")
    return Step(state=State.SUBMITTED, day=day, due=deadlines.acceptance(day))
