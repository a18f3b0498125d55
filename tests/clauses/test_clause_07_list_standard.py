"""54号 clause 7: one national standard, published; local ones only by local regulation after 30 days of consultation.

认定标准应当公开，且明确名单移出条件、程序以及救济措施；公开征求意见期限不少于30日；定期评估。
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from foundation.policy import Scheme
from foundation.refusal import Refused
from foundation.rpc.mirror import mirrored
from foundation.settings import LAW
from services.blacklist.domain.measures import criteria_of
from services.blacklist.domain.reasons import CRITERION_UNKNOWN
from tests.services.blacklist.alone import BOOK, POLICY
from tests.unit.law.conftest import SpoiltLaw
from tests.unit.law.test_unlawful_files import RULE, SCHEME, local_scheme, refusal

OPENED = date(2026, 6, 1)


@pytest.fixture
def law(tmp_path: Path) -> SpoiltLaw:
    return SpoiltLaw(Path(shutil.copytree(LAW, tmp_path / "law")))


@pytest.mark.parametrize(
    "changes",
    [
        local_scheme("2026-06-01", "2026-06-30"),
        local_scheme("2026-06-01", "2026-07-01") | {"consultation": None},
        local_scheme("2026-06-01", "2026-07-01") | {"bases": [RULE]},
    ],
    ids=["29 days", "no consultation", "no local regulation"],
)
def test_a_local_list_needs_a_local_regulation_and_thirty_days_of_consultation(
    law: SpoiltLaw, changes: dict[str, Any]
) -> None:
    assert refusal(law, SCHEME, "schemes", "wages", changes)


@pytest.mark.parametrize("missing", ["criteria", "removal_conditions", "removal_procedure", "remedies"])
def test_no_list_stands_without_standard_removal_and_remedies(law: SpoiltLaw, missing: str) -> None:
    assert refusal(law, SCHEME, "schemes", "wages", {missing: [] if missing == "criteria" else ""})


@pytest.mark.parametrize("scheme", BOOK.schemes, ids=lambda scheme: scheme.code)
def test_the_published_standard_says_how_one_is_removed_and_what_remedies_there_are(scheme: Scheme) -> None:
    message = mirrored(pb.Scheme, scheme)
    for name, field in pb.Scheme.DESCRIPTOR.fields_by_name.items():
        if field.type != field.TYPE_BOOL:
            assert getattr(message, name), name
    assert {criterion.code for criterion in message.criteria} == {each.code for each in scheme.criteria}


def test_a_case_is_held_against_the_published_criteria_and_no_other() -> None:
    national = BOOK.schemes[0]
    with pytest.raises(Refused) as refused:
        criteria_of(national, [national.criteria[0].code, "OWN"])
    assert refused.value.reason is CRITERION_UNKNOWN


def test_the_period_of_evaluation_is_a_number_of_the_law() -> None:
    assert POLICY.number("evaluation.listing_standard", on=OPENED).value > 0
