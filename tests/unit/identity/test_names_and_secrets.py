"""Names fold for search; the public sees masks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.identity import Identifier, IdentifierKind, fold_name, mask_identifier, mask_name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("阿卜杜拉·买买提", "阿卜杜拉•买买提"),
        ("阿卜杜拉·买买提", "阿卜杜拉 ・ 买买提"),
        ("阿卜杜拉·买买提", "阿卜杜拉．买买提"),
        ("湖南（长沙）ＡＢＣ公司", "湖南(长沙)abc 公司"),
        ("张\u200b三", "张三"),
    ],
)
def test_spellings_of_one_name_fold_together(one: str, other: str):
    assert fold_name(one) == fold_name(other)


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(name: str):
    assert fold_name(fold_name(name)) == fold_name(name)


@given(st.text("张王李赵诸葛𠮷ab", min_size=1, max_size=20))
def test_a_masked_name_tells_its_first_character_and_not_its_length(name: str):
    assert mask_name(name) == f"{name[0]}**"


@given(st.dates(), st.integers(0, 9999), st.sampled_from(["430102", "810000"]))
def test_a_masked_number_never_tells_the_date_of_birth(birth, serial: int, division: str):
    kind = IdentifierKind.RESIDENCE_PERMIT if division == "810000" else IdentifierKind.RESIDENT_ID
    number = f"{division}{birth:%Y%m%d}{serial:04}"
    assert mask_identifier(Identifier(kind, number)) == f"{division[:4]}********"


def test_an_organisations_code_stays_whole_and_a_passport_keeps_one_letter():
    assert mask_identifier(Identifier(IdentifierKind.USCC, "91110000600037341L")) == "91110000600037341L"
    assert mask_identifier(Identifier(IdentifierKind.PASSPORT, "E12345678")) == "E********"
