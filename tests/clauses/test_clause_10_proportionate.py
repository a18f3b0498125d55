"""54号 clause 10: proportionate, nothing added or made heavier; lenient to minors, force majeure and slight cases.

对未成年人失信行为、受自然灾害或疫情等不可抗力影响导致的失信行为以及非主观故意、轻微失信行为，应宽容审慎进行认定、记录和惩戒。
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from foundation.personal import Personal
from foundation.policy import Severity
from foundation.reasons import VALUE_REQUIRED
from foundation.refusal import Refused
from services.blacklist.domain import reasons
from services.blacklist.domain.steps import State
from services.blacklist.office import View
from services.blacklist.rpc.messages import leniency_from
from tests.services.blacklist.alone import BOOK, NOT_LENIENT, Alone, alone_on, reason_of_refusal
from tests.support.databases import SchemaDatabase

DAY = timedelta(days=1)


@pytest_asyncio.fixture(loop_scope="session")
async def alone(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Alone]:
    async with alone_on(schema_db("blacklist", sample=True), tmp_path) as alone:
        yield alone


async def heard(alone: Alone, view: View) -> View:
    """The case after its notice, its window over."""
    told = await alone.notify(view)
    assert told.case.window is not None
    alone.pass_days((told.case.window.on - alone.today()).days + 1)
    return told


def test_the_leniency_question_is_answered_with_reasons() -> None:
    with pytest.raises(Refused) as refused:
        leniency_from(pb.LeniencyAnswer(force_majeure=True))
    assert refused.value.reason is VALUE_REQUIRED


async def test_the_answer_stands_in_the_documents(alone: Alone) -> None:
    leniency = replace(NOT_LENIENT, force_majeure=True, unintentional=True, reasons=Personal("汛期停产所致。"))
    told = await heard(alone, await alone.panel_held(leniency=leniency))
    decided = await alone.decide(told)
    for document in (told.document, decided.document):
        assert "不可抗力影响：是；非主观故意：是" in document.reveal()
        assert "汛期停产所致。" in document.reveal()


async def test_a_decision_adds_nothing_to_what_was_proposed(alone: Alone) -> None:
    view = await heard(alone, await alone.panel_held())
    attempt = alone.decide(view, measures=("no_commendation", "procurement_bar"))
    assert await reason_of_refusal(attempt) is reasons.MEASURE_NOT_PROPOSED


async def test_a_slight_case_does_not_end_on_a_list(alone: Alone) -> None:
    view = await heard(alone, await alone.panel_held(leniency=replace(NOT_LENIENT, slight=True)))
    assert await reason_of_refusal(alone.decide(view)) is reasons.SLIGHT_NOT_LISTED


async def test_a_minor_is_never_published_and_a_child_not_listed(alone: Alone) -> None:
    minor, child = (alone.person(alone.today() - years * 365 * DAY) for years in (16, 13))
    under_age = replace(NOT_LENIENT, under_age=True)
    adult = alone.panel_held(scheme="wages", party=minor)
    assert await reason_of_refusal(adult) is reasons.LENIENCY_CONTRADICTED
    view = await heard(alone, await alone.panel_held(scheme="wages", party=minor, leniency=under_age))
    decided = await alone.decide(view)
    assert decided.case.state is State.DECIDED
    assert decided.case.steps[-1].move.published is False
    assert "不予公示" in decided.document.reveal()
    view = await heard(alone, await alone.panel_held(scheme="wages", party=child, leniency=under_age))
    assert await reason_of_refusal(alone.decide(view)) is reasons.UNDER_FOURTEEN


async def test_the_decision_forces_no_bank_or_trade_body(alone: Alone) -> None:
    decided = await alone.decide(await heard(alone, await alone.panel_held()))
    assert "不强制金融机构、行业协会商会" in decided.document.reveal()


def test_every_measure_says_from_which_gravity_on_it_fits() -> None:
    for measure in BOOK.measures:
        area, subject = measure.areas[0], measure.subject_types[0]
        for severity in Severity:
            fits = measure.may_follow(area=area, severity=severity, subject_type=subject)
            assert fits == severity.at_least(measure.least_severity)
