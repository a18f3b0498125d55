"""An attacker who holds the office's login role and writes SQL: what it tries, and what the database says."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.blacklist.domain.steps import Step
from tests.services.blacklist.house import DECIDER, MEASURES, ListHouse

NEEDED: dict[Step, dict[str, Any]] = {
    Step.FIND_FACTS: {"measures": list(MEASURES), "under_age": False, "slight": False},
    Step.HOLD_PANEL: {"members": ["1", "2", "3"]},
    Step.ANSWER_STATEMENT: {"upheld": False},
    Step.DECIDE_TO_LIST: {"measures": list(MEASURES), "published": True},
    Step.ACKNOWLEDGE_LISTING: {"record_id": UUID(int=5)},
}
"""What each step's row must have besides, so that nothing but the rule in question refuses it."""


def insert(house: ListHouse, case_id: str, step: Step, **columns: Any) -> list[Any]:
    """Insert a step as the login role, with everything a lawful row would have; give the row."""
    row: dict[str, Any] = {
        "bucket": UUID(case_id).bytes[0],
        "case_id": UUID(case_id),
        "seq": house.sql("SELECT coalesce(max(seq), 0) + 1 FROM case_step WHERE case_id = %s", case_id)[0][0],
        "step": step.value,
        "officer": DECIDER,
        "artefact": b"x",
        "artefact_digest": bytes(32),
        **NEEDED.get(step, {}),
        **columns,
    }
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    return house.sql(f"INSERT INTO case_step ({names}) VALUES ({places}) RETURNING *", *row.values())


def number(house: ListHouse, case_id: str, authority: str) -> None:
    """Claim a decision number for a case, as the office does before it decides."""
    house.sql(
        "INSERT INTO decision_number (bucket, authority, number, case_id)"
        " SELECT get_byte(sha256(convert_to(%s || E'\\n' || %s, 'UTF8')), 0), %s, %s, %s",
        authority,
        f"直接-{case_id}",
        authority,
        f"直接-{case_id}",
        UUID(case_id),
    )


def refused(house: ListHouse, statement: str, *values: object, state: str = "42501") -> str:
    """Run SQL as the login role that must be refused with this SQLSTATE; give the database's words."""
    with pytest.raises(psycopg.Error) as error:
        house.sql(statement, *values)
    assert error.value.sqlstate == state, error.value
    return error.value.diag.message_primary or ""


def refused_step(house: ListHouse, case_id: str, step: Step, *, state: str = "CX001", **columns: Any) -> str:
    """Insert a step that must be refused; give the database's words."""
    with pytest.raises(psycopg.Error) as error:
        insert(house, case_id, step, **columns)
    assert error.value.sqlstate == state, error.value
    return error.value.diag.message_primary or ""
