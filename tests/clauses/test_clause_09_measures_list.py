"""54号 clause 9: disciplinary measures only from a list with a legal basis, in force for the area and the party.

行政机关对失信主体采取惩戒措施，应当以法律、法规或者党中央、国务院政策文件为依据，并实行清单制管理。
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from foundation.refusal import Reason
from foundation.settings import LAW
from services.blacklist.domain import reasons
from tests.services.blacklist.alone import BOOK, Alone, alone_on, reason_of_refusal
from tests.support.databases import SchemaDatabase
from tests.unit.law.conftest import SpoiltLaw
from tests.unit.law.test_unlawful_files import MEASURES, RULE, refusal


@pytest_asyncio.fixture(loop_scope="session")
async def alone(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Alone]:
    async with alone_on(schema_db("blacklist", sample=True), tmp_path) as alone:
        yield alone


@pytest.mark.parametrize("changes", [{"bases": []}, {"bases": [RULE]}, {"areas": []}])
def test_no_measure_stands_in_the_list_without_a_basis_at_law(tmp_path: Path, changes: dict[str, Any]) -> None:
    law = SpoiltLaw(Path(shutil.copytree(LAW, tmp_path / "law")))
    assert refusal(law, MEASURES, "measures", "procurement_bar", changes)


@pytest.mark.parametrize(
    ("measure", "reason"),
    [("public_shaming", reasons.MEASURE_NOT_IN_FORCE), ("tender_limit", reasons.MEASURE_NOT_FOR_AREA)],
)
async def test_a_measure_outside_the_list_is_not_proposed(alone: Alone, measure: str, reason: Reason) -> None:
    view = await alone.matched()
    attempt = alone.find(view, measures=("no_commendation", measure))
    assert await reason_of_refusal(attempt) is reason


async def test_a_measure_repealed_before_the_decision_is_not_cited(alone: Alone) -> None:
    view = await alone.notify(await alone.panel_held())
    assert view.case.window is not None
    alone.pass_days((view.case.window.on - alone.today()).days + 1)
    measures = tuple(
        replace(measure, in_force_until=alone.today()) if measure.code == "no_commendation" else measure
        for measure in BOOK.measures
    )
    whole = alone.desk
    alone.desk = replace(alone.desk, book=replace(BOOK, measures=measures))
    assert await reason_of_refusal(alone.decide(view)) is reasons.MEASURE_NOT_IN_FORCE
    alone.desk = whole
    decided = await alone.decide(view)
    assert decided.case.steps[-1].at - decided.case.steps[0].at > timedelta(days=5)
    title = next(measure.title for measure in BOOK.measures if measure.code == "no_commendation")
    assert title in decided.document.reveal()
