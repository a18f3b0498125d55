"""An attacker who holds the office's login role and writes SQL: what it tries, and what the database says."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
import pytest

from services.blacklist.domain.steps import Step
from tests.services.blacklist.house import MEASURES, ListHouse

NEEDED: dict[Step, dict[str, Any]] = {
    Step.FIND_FACTS: {"measures": list(MEASURES), "under_age": False, "slight": False},
    Step.HOLD_PANEL: {"member_tags": [bytes([n]) * 16 for n in range(3)]},
    Step.ANSWER_STATEMENT: {"upheld": False},
    Step.DECIDE_TO_LIST: {"measures": list(MEASURES), "published": True},
    Step.ACKNOWLEDGE_LISTING: {"record_id": UUID(int=5)},
}
"""What each step's row must have besides, so that nothing but the rule in question refuses it."""
SOMEBODY = bytes(16)
"""The tag of an official who took no other step."""


def insert(house: ListHouse, case_id: str, step: Step, **columns: Any) -> list[Any]:
    """Insert a step as the login role, with everything a lawful row would have; give the row."""
    row: dict[str, Any] = {
        "bucket": UUID(case_id).bytes[0],
        "case_id": UUID(case_id),
        "seq": house.sql("SELECT coalesce(max(seq), 0) + 1 FROM case_step WHERE case_id = %s", case_id)[0][0],
        "step": step.value,
        "officer": b"x",
        "officer_tag": SOMEBODY,
        "artefact": b"x",
        "artefact_digest": bytes(32),
        **NEEDED.get(step, {}),
        **columns,
    }
    names, places = ", ".join(row), ", ".join(["%s"] * len(row))
    return house.sql(f"INSERT INTO case_step ({names}) VALUES ({places}) RETURNING *", *row.values())


def number(house: ListHouse, case_id: str, authority: str) -> None:
    """Claim a decision number for a case, as the office does before it decides."""
    tag = UUID(case_id).bytes
    insert_number = "INSERT INTO decision_number (bucket, authority, tag, case_id) VALUES (%s, %s, %s, %s)"
    house.sql(insert_number, tag[0], authority, tag, UUID(case_id))


def official(house: ListHouse, case_id: str, step: Step) -> bytes:
    """The tag of the official who took a step."""
    return house.sql("SELECT officer_tag FROM case_step WHERE case_id = %s AND step = %s", case_id, step.value)[0][0]


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
