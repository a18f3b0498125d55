"""Names fold for search; the public sees masks; secrets don't print."""

from __future__ import annotations

import copy
import json
import logging
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.identity import Identifier, IdentifierKind, Secret, fold_name, mask_identifier, mask_name


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


def test_a_secret_is_revealed_by_name_only(caplog: pytest.LogCaptureFixture):
    secret = Secret("张三丰")
    logging.getLogger("claims").warning("party %s %r", secret, secret)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret:>20}",
        " ".join(map(str, [secret])),
        caplog.text,
    ]
    assert all("张三丰" not in text and "<redacted>" in text for text in shown)
    assert secret.reveal() == "张三丰"


def test_a_secret_is_neither_pickled_nor_serialised_nor_changed():
    secret = Secret("张三丰")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError):
            pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        json.dumps({"name": secret})
    with pytest.raises(TypeError):
        vars(secret)
    with pytest.raises(AttributeError):
        secret._text = "other"
    assert copy.deepcopy([secret])[0] is secret
    assert copy.copy(secret) is secret


def test_secrets_compare_by_what_they_hold():
    assert Secret("甲") == Secret("甲") != Secret("乙")
    assert Secret("甲") != "甲"
    assert len({Secret("甲"), Secret("甲")}) == 1
