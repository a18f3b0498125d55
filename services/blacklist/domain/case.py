"""A case and what may be done in it next. Pure: time and identity are arguments. Source: 54号 clause 8.

A method gives the `Move` that the rules allow, or raises Refused; the move becomes a step once it is stored.
The database judges each move again by its own tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from foundation.calendar import Deadline, day_of
from foundation.personal import NOTHING, Personal
from foundation.reasons import STEP_OUT_OF_ORDER
from foundation.refusal import Refused
from services.blacklist.domain import reasons, steps
from services.blacklist.domain.deadlines import Terms
from services.blacklist.domain.steps import LEGAL, State, Step

LEAST_PANEL = 3
"""Different members that a panel meeting (专题会) needs."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A step that the rules allow now; the database judges it again. What it says in words is stored beside it.

    `officer` is the assertion's subject, empty where another office's answer or order takes the step. `members` are
    not read again with the case: they stand with the panel's minutes.
    `window`: last day of the statement-and-defence window. `due`: last day to take the next step.
    """

    step: Step
    state: State
    officer: Personal
    measures: tuple[str, ...] | None = None
    members: tuple[Personal, ...] | None = None
    under_age: bool | None = None
    slight: bool | None = None
    upheld: bool | None = None
    published: bool | None = None
    record_id: UUID | None = None
    window: Deadline | None = None
    due: Deadline | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A step as stored: a move with its number in the case, its instant and its artefact's digest (32 bytes)."""

    seq: int
    at: datetime
    digest: bytes
    move: Move


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case without the party: what was done when by whom, and how many pieces of evidence there are."""

    case_id: UUID
    authority: str
    scheme_code: str
    sample: bool
    evidence: int = 0
    steps: tuple[Taken, ...] = ()
    listing_id: UUID | None = None

    @property
    def state(self) -> State:
        """Where the case stands."""
        return self.steps[-1].move.state

    @property
    def opened_on(self) -> date:
        """Day of opening."""
        return day_of(self.steps[0].at)

    @property
    def window(self) -> Deadline | None:
        """Last day of the window, None before notice."""
        return next((s.move.window for s in reversed(self.steps) if s.move.window is not None), None)

    @property
    def due(self) -> Deadline | None:
        """Last day of the next statutory deadline; None when nothing is due any more."""
        return self.steps[-1].move.due

    @property
    def proposers(self) -> frozenset[Personal]:
        """The officials who investigated and proposed."""
        return frozenset(s.move.officer for s in self.steps if s.move.step in steps.PROPOSING)

    def last(self, *which: Step) -> Taken | None:
        """The newest step of these kinds."""
        return next((s for s in reversed(self.steps) if s.move.step in which), None)

    def with_step(self, move: Move, *, at: datetime, digest: bytes) -> Case:
        """The case after a move was stored."""
        taken = Taken(seq=len(self.steps) + 1, at=at, digest=digest, move=move)
        return replace(self, steps=(*self.steps, taken))

    def takes_evidence(self) -> None:
        """Raise Refused(STEP_OUT_OF_ORDER) unless evidence may be added now."""
        if self.state not in steps.TAKES_EVIDENCE:
            raise self._out_of_order()

    def match_standard(self, *, by: Personal, terms: Terms) -> Move:
        """Hold the evidence against the standard. Raises Refused(EVIDENCE_MISSING)."""
        move = self._move(Step.MATCH_STANDARD, by, due=self._decision_due(terms))
        if not self.evidence:
            raise Refused(reasons.EVIDENCE_MISSING)
        return move

    def find_facts(self, *, measures: Sequence[str], under_age: bool, slight: bool, by: Personal, terms: Terms) -> Move:
        """Find the facts, answer the leniency question and propose measures that fit."""
        return self._move(
            Step.FIND_FACTS,
            by,
            measures=tuple(dict.fromkeys(measures)),
            under_age=under_age,
            slight=slight,
            due=self._decision_due(terms),
        )

    def hold_panel(self, *, members: Sequence[Personal], by: Personal, terms: Terms) -> Move:
        """Record the panel meeting. Raises Refused(PANEL_TOO_SMALL); one member named twice counts once."""
        different = tuple(dict.fromkeys(members))
        move = self._move(Step.HOLD_PANEL, by, members=different, due=self._decision_due(terms))
        if len(different) < LEAST_PANEL:
            raise Refused(reasons.PANEL_TOO_SMALL, field="members")
        return move

    def notify_party(self, *, by: Personal, at: datetime, terms: Terms) -> Move:
        """Record the service of the notice at `at`; the window opens with it."""
        window = terms.window(served_on=day_of(at))
        return self._move(Step.NOTIFY_PARTY, by, window=window, due=self._decision_due(terms))

    def submit_statement(self, *, by: Personal, at: datetime, terms: Terms) -> Move:
        """Record the party's statement, in the window or after it; the clock stands until it is answered."""
        return self._move(Step.SUBMIT_STATEMENT, by, due=terms.answer(submitted_on=day_of(at)))

    def answer_statement(self, *, upheld: bool, by: Personal, at: datetime, terms: Terms) -> Move:
        """Answer the statement that waits; the window goes on with the days it had left."""
        move = self._move(Step.ANSWER_STATEMENT, by, upheld=upheld)
        window, answered_on = self.window, day_of(at)
        assert window is not None
        stopped_on = day_of(self.steps[-1].at)
        stood = self._stood() + (answered_on - stopped_on).days
        return replace(
            move,
            window=terms.resumed(window, stopped_on=stopped_on, answered_on=answered_on),
            due=terms.decision(opened_on=self.opened_on, stood=stood),
        )

    def decide_to_list(
        self, *, measures: Sequence[str], accountable: bool, by: Personal, at: datetime, terms: Terms
    ) -> Move:
        """Decide to list, citing `measures`. `accountable`: the party was 14.

        Raises Refused(STATEMENT_UNANSWERED, WINDOW_OPEN, SAME_OFFICIAL, STATEMENT_UPHELD, UNDER_FOURTEEN,
        SLIGHT_NOT_LISTED or MEASURE_NOT_PROPOSED). A party under age is listed without publicity.
        """
        move = self._deciding(Step.DECIDE_TO_LIST, by=by, at=at)
        found = self.last(Step.FIND_FACTS)
        assert found is not None
        if any(s.move.upheld for s in self.steps):
            raise Refused(reasons.STATEMENT_UPHELD)
        if not accountable:
            raise Refused(reasons.UNDER_FOURTEEN)
        if found.move.slight:
            raise Refused(reasons.SLIGHT_NOT_LISTED)
        cited = tuple(dict.fromkeys(measures))
        if not set(found.move.measures or ()).issuperset(cited):
            raise Refused(reasons.MEASURE_NOT_PROPOSED, field="measure_codes")
        due = terms.service(decided_on=day_of(at))
        return replace(move, measures=cited, published=not found.move.under_age, due=due)

    def decide_to_drop(self, *, by: Personal, at: datetime) -> Move:
        """Decide not to list. Raises Refused(STATEMENT_UNANSWERED, WINDOW_OPEN or SAME_OFFICIAL)."""
        return self._deciding(Step.DECIDE_TO_DROP, by=by, at=at)

    def serve_decision(self, *, by: Personal) -> Move:
        """Record the service of the decision; the listing then goes to the catalog."""
        return self._move(Step.SERVE_DECISION, by)

    def acknowledge_listing(self, *, record_id: UUID) -> Move:
        """Record that the catalog holds the listing as `record_id`."""
        return self._move(Step.ACKNOWLEDGE_LISTING, NOTHING, record_id=record_id)

    def close_listing(self, *, by: Personal) -> Move:
        """Close the listing: repaired, revoked or corrected. `by` is empty for another office's order."""
        return self._move(Step.CLOSE_LISTING, by)

    def _deciding(self, step: Step, *, by: Personal, at: datetime) -> Move:
        if self.state is State.STATEMENT_PENDING:
            raise Refused(reasons.STATEMENT_UNANSWERED)
        move, window = self._move(step, by), self.window
        assert window is not None
        if day_of(at) <= window.on:
            raise Refused(reasons.WINDOW_OPEN, detail=f"It ends with {window.on.isoformat()}.")
        if by in self.proposers:
            raise Refused(reasons.SAME_OFFICIAL)
        return move

    def _move(self, step: Step, by: Personal, **rest: Any) -> Move:
        """A step that may follow on the last one. Raises Refused(STEP_OUT_OF_ORDER)."""
        state = LEGAL.get((self.state, step))
        if state is None:
            raise self._out_of_order()
        return Move(step=step, state=state, officer=by, **rest)

    def _out_of_order(self) -> Refused:
        return Refused(STEP_OUT_OF_ORDER, detail=f"The case stands at: {self.state.value}.")

    def _decision_due(self, terms: Terms) -> Deadline:
        return terms.decision(opened_on=self.opened_on, stood=self._stood())

    def _stood(self) -> int:
        """Days during which a statement waited for its answer, over all that were answered."""
        pairs = zip(self.steps, self.steps[1:], strict=False)
        return sum(
            (day_of(answer.at) - day_of(statement.at)).days
            for statement, answer in pairs
            if answer.move.step is Step.ANSWER_STATEMENT
        )


def opening(*, by: Personal, at: datetime, terms: Terms) -> Move:
    """The first step of a case."""
    due = terms.decision(opened_on=day_of(at), stood=0)
    return Move(step=Step.OPEN, state=LEGAL[None, Step.OPEN], officer=by, due=due)


def window_ends_before(window: Deadline) -> date:
    """The first day after a window: the first on which the case can be decided."""
    return window.on + _DAY
