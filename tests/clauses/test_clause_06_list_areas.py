"""54号 clause 6: lists only in areas named by law or central policy, and only for four kinds of serious violation.

设列严重失信名单的领域，必须以法律、法规或者党中央、国务院政策文件为依据，任何部门（单位）不得擅自增加或扩展。
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from foundation.policy import LawBook, Scheme
from foundation.settings import LAW
from services.blacklist.domain import reasons
from tests.services.blacklist.alone import BOOK, Alone, alone_on, reason_of_refusal
from tests.support.databases import SchemaDatabase
from tests.unit.law.conftest import SpoiltLaw
from tests.unit.law.test_unlawful_files import RULE, SCHEME, refusal

KINDS = {
    "public_health_and_life_safety",
    "fair_competition_and_social_order",
    "refusal_of_legal_duty",
    "refusal_of_national_defence_duty",
}


@pytest_asyncio.fixture(loop_scope="session")
async def alone(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Alone]:
    async with alone_on(schema_db("blacklist", sample=True), tmp_path) as alone:
        yield alone


@pytest.mark.parametrize("scheme", BOOK.schemes, ids=lambda scheme: scheme.code)
def test_every_list_names_its_area_its_instrument_and_one_of_the_four_kinds(scheme: Scheme) -> None:
    assert scheme.area
    assert scheme.instrument
    assert scheme.article
    assert scheme.violation_kind in KINDS
    assert {basis.instrument_kind for basis in scheme.bases} & {"law", "administrative_regulation", "central_policy"}


@pytest.mark.parametrize("changes", [{"bases": [RULE]}, {"area": ""}, {"violation_kind": "bad_manners"}])
def test_a_department_cannot_add_a_list_by_a_rule_of_its_own(tmp_path: Path, changes: dict[str, Any]) -> None:
    law = SpoiltLaw(Path(shutil.copytree(LAW, tmp_path / "law")))
    assert refusal(law, SCHEME, "schemes", "wages", changes)


async def test_a_case_without_a_scheme_in_force_cannot_be_opened(alone: Alone) -> None:
    attempt = alone.open(scheme="rude_behaviour")
    assert await reason_of_refusal(attempt) is reasons.SCHEME_NOT_IN_FORCE


async def test_a_list_that_is_repealed_meanwhile_lists_nobody_any_more(alone: Alone) -> None:
    """Rules without basis stop (过渡期后一律废止)."""
    view = await alone.notify(await alone.panel_held())
    assert view.case.window is not None
    alone.pass_days((view.case.window.on - alone.today()).days + 1)
    alone.desk = replace(alone.desk, book=_repealed(alone.today()))
    assert await reason_of_refusal(alone.open()) is reasons.SCHEME_NOT_IN_FORCE
    assert await reason_of_refusal(alone.decide(view)) is reasons.SCHEME_NOT_IN_FORCE


def _repealed(on: date) -> LawBook:
    schemes = tuple(replace(scheme, in_force_until=on) for scheme in BOOK.schemes)
    assert not [scheme for scheme in schemes if scheme.is_in_force(on + timedelta(days=1))]
    return replace(BOOK, schemes=schemes)
