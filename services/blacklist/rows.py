"""From rows of the database to the domain's case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from foundation.calendar import Deadline
from foundation.db import Row
from services.blacklist.domain.case import Case, Move, Taken
from services.blacklist.domain.steps import State, Step

_DAY = timedelta(days=1)
STEP = (
    "SELECT case_id, seq, step, state, at, officer, artefact_digest, measures, members, under_age, slight, upheld,"
    " published, record_id, window_ends_before, window_provisional, due_on, due_provisional FROM case_step"
)
"""What of a step's row makes it a step; the artefact stays sealed where it is."""


def case_from(case_id: UUID, head: Row, steps: Sequence[Row]) -> Case:
    """A case from its head and its steps in their order."""
    return Case(
        case_id=case_id,
        authority=head.authority,
        scheme_code=head.scheme_code,
        sample=head.sample,
        evidence=head.evidence,
        steps=tuple(_taken(row) for row in steps),
        listing_id=head.listing_id,
    )


def _taken(row: Row) -> Taken:
    move = Move(
        step=Step(row.step),
        state=State(row.state),
        officer=row.officer,
        measures=None if row.measures is None else tuple(row.measures),
        members=None if row.members is None else tuple(row.members),
        under_age=row.under_age,
        slight=row.slight,
        upheld=row.upheld,
        published=row.published,
        record_id=row.record_id,
        window=window_from(row),
        due=None if row.due_on is None else Deadline(row.due_on, row.due_provisional),
    )
    return Taken(seq=row.seq, at=row.at, digest=bytes(row.artefact_digest), move=move)


def window_from(row: Row) -> Deadline | None:
    """The last day of the window that a step's row names; None where it names none."""
    if row.window_ends_before is None:
        return None
    return Deadline(row.window_ends_before - _DAY, row.window_provisional)
