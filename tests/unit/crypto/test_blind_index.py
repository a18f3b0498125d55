"""Tags that find a subject: the same for the same identifier and key, unlike for anything else."""

from __future__ import annotations

import hashlib
import os
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.crypto import bucket_of, journal_tag, name_tag, subject_tag, tag
from foundation.identity import Identifier, IdentifierKind, canonicalise, uscc_check_character

KEY, OTHER_KEY = os.urandom(32), os.urandom(32)


def _company(number: int) -> Identifier:
    first17 = f"91430100{number:09d}"
    raw = first17 + uscc_check_character(first17)
    return canonicalise(IdentifierKind.USCC, raw, today=date(2026, 4, 1))


def test_the_same_identifier_has_the_same_tag() -> None:
    assert subject_tag(KEY, _company(7)) == subject_tag(KEY, _company(7))
    assert len(subject_tag(KEY, _company(7))) == 16


def test_tags_differ_by_identifier_key_and_index() -> None:
    tags = {
        make(key, identifier)
        for make in (subject_tag, journal_tag)
        for key in (KEY, OTHER_KEY)
        for identifier in (_company(1), _company(2))
    }
    assert len(tags) == 8


def test_one_number_of_two_kinds_is_two_subjects() -> None:
    one = Identifier(kind=IdentifierKind.PASSPORT, value="E12345678", canon=1)
    other = Identifier(kind=IdentifierKind.RESIDENCE_PERMIT, value="E12345678", canon=1)
    assert subject_tag(KEY, one) != subject_tag(KEY, other)


def test_a_tag_is_no_hash_that_anybody_could_compute() -> None:
    company = _company(7)
    number, kind = company.value.reveal(), company.kind.value
    guesses = (number, f"{kind}{number}", f"{kind}:{number}")
    hashes = [hashlib.sha256(guess.encode()).digest() for guess in guesses]
    assert not any(digest.startswith(subject_tag(KEY, company)) for digest in hashes)


@settings(max_examples=100)
@given(st.lists(st.binary(max_size=6), max_size=4), st.lists(st.binary(max_size=6), max_size=4))
def test_different_parts_have_different_tags(one: list[bytes], other: list[bytes]) -> None:
    assert (tag(KEY, *one) == tag(KEY, *other)) == (one == other)


def test_subjects_spread_over_all_buckets() -> None:
    buckets = [bucket_of(KEY, _company(number)) for number in range(4096)]
    assert set(buckets) == set(range(256))
    assert max(buckets.count(bucket) for bucket in range(256)) < 50


def test_a_bucket_does_not_follow_from_the_subjects_tag() -> None:
    companies = [_company(number) for number in range(64)]
    assert [bucket_of(KEY, one) for one in companies] != [subject_tag(KEY, one)[0] for one in companies]


@pytest.mark.parametrize(("one", "other"), [("阿卜杜拉·买买提", "阿卜杜拉•买买提"), ("ＡＢＣ公司", "abc公司")])
def test_names_that_fold_alike_have_the_same_tag(one: str, other: str) -> None:
    assert name_tag(KEY, one) == name_tag(KEY, other)


def test_a_names_tag_is_too_short_to_tell_a_name() -> None:
    tags = {name_tag(KEY, f"湘江示例{number}有限公司") for number in range(3000)}
    assert all(0 <= value < 65536 for value in tags)
    assert 2500 < len(tags) < 3000
