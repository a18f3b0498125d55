"""A law file that breaks a rule is refused as a whole, and says what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from foundation.lawfile import LawError
from foundation.policy import LawBook
from tests.unit.law.conftest import SpoiltLaw

NATIONAL = "catalog/national-administration.yaml"
LOCAL = "catalog/hunan.yaml"
MEASURES = "measures/national.yaml"
SCHEME = "schemes/wages.yaml"

LOCAL_BASIS = {"instrument_kind": "local_regulation", "title": "示例条例", "article": "第一条", "confirmed": False}
RULE = LOCAL_BASIS | {"instrument_kind": "department_rule"}


def entry(content: dict[str, Any], key: str, code: str) -> dict[str, Any]:
    return next(e for e in content[key] if e["code"] == code)


def refusal(law: SpoiltLaw, file: str, key: str, code: str, changes: dict[str, Any]) -> str:
    law.change(file, lambda content: entry(content, key, code).update(changes))
    with pytest.raises(LawError) as caught:
        LawBook.load(law.directory)
    assert code in str(caught.value) or file in str(caught.value)
    return str(caught.value)


def test_the_untouched_copy_is_lawful(law: SpoiltLaw):
    assert LawBook.load(law.directory).items


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"bases": []}, "no legal basis"),
        ({"bases": [RULE]}, "rests on no law, administrative regulation or central policy"),
        ({"bases": [LOCAL_BASIS]}, "rests on no law, administrative regulation or central policy"),
        ({"bases": [RULE | {"instrument_kind": "law", "article": ""}]}, "without title or article"),
        ({"bases": [RULE | {"instrument_kind": "notice"}]}, "instrument_kind"),
        ({"conduct": ""}, "no conduct"),
        ({"source_channel": ""}, "no source"),
        ({"document_kinds": []}, "no kind of document"),
        ({"document_kinds": ["rumour"]}, "document_kinds"),
        ({"subject_types": []}, "no subject type"),
        ({"uses": [], "fields": []}, "no field"),
        ({"uses": ["unknown"]}, "no field set"),
        ({"retention_months": 0}, "retention"),
        ({"division": "430000"}, "names a division"),
        ({"sharing": "none"}, "cannot be public"),
        ({"sharing": "everybody"}, "sharing"),
        ({"family": "其他"}, "family"),
        ({"score": 100}, "score"),
        ({"person_publicity_basis": RULE}, "publishing persons needs a law"),
        ({"public": False, "person_publicity_basis": LOCAL_BASIS}, "not public or not about persons"),
        ({"unrepairable_basis": RULE}, "excluding repair needs a law"),
        ({"in_force_until": "2021-01-01"}, "ends before it comes into force"),
        ({"code": "CN PENALTY"}, "lower-case words"),
    ],
)
def test_an_unlawful_national_item_is_refused(law: SpoiltLaw, changes: dict[str, Any], fault: str):
    law.change(NATIONAL, lambda content: entry(content, "items", "cn.penalty").update(changes))
    with pytest.raises(LawError, match=fault):
        LawBook.load(law.directory)


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ({"name": "religion"}, "prohibited"),
        ({"name": "held", "title": "银行存款"}, "prohibited"),
        ({"name": "Facts"}, "lower_snake"),
        ({"name": "facts"}, "twice"),
        ({"why": ""}, "why it is needed"),
        ({"sensitivity": "secret"}, "sensitivity"),
        ({"kind": "score"}, "kind"),
    ],
)
def test_an_item_cannot_define_a_field_that_is_prohibited_or_unexplained(
    law: SpoiltLaw, field: dict[str, Any], fault: str
):
    whole = {
        "name": "extra",
        "title": "示例",
        "kind": "text",
        "sensitivity": "ordinary",
        "required": False,
        "why": "示例",
    }
    assert fault in refusal(law, NATIONAL, "items", "cn.penalty", {"fields": [whole | field]})


def test_what_is_prohibited_about_persons_only_is_free_for_enterprises(law: SpoiltLaw):
    field = {
        "name": "income",
        "title": "营业收入",
        "kind": "amount",
        "sensitivity": "ordinary",
        "required": False,
        "why": "示例",
    }
    law.change(NATIONAL, lambda content: entry(content, "items", "cn.registration")["fields"].append(field))
    assert LawBook.load(law.directory).items
    law.change(
        NATIONAL,
        lambda content: entry(content, "items", "cn.registration").update(subject_types=["enterprise", "person"]),
    )
    with pytest.raises(LawError, match="prohibited"):
        LawBook.load(law.directory)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"bases": [RULE]}, "local regulation"),
        ({"bases": [RULE | {"instrument_kind": "central_policy"}]}, "local regulation"),
        ({"division": ""}, "no division"),
        ({"division": "990000"}, "no division"),
        ({"division": "430100"}, "another level"),
        ({"title": "行政处罚信息"}, "repeats cn.penalty"),
        ({"conduct": "行政机关依法作出的 行政处罚决定"}, "repeats cn.penalty"),
    ],
)
def test_a_local_item_needs_a_local_regulation_and_repeats_nothing_higher(
    law: SpoiltLaw, changes: dict[str, Any], fault: str
):
    assert fault in refusal(law, LOCAL, "items", "cn-43.environmental_rating", changes)


def test_a_municipal_item_does_not_repeat_a_provincial_one(law: SpoiltLaw):
    changes = {"title": "湖南省诚信典型信息"}
    fault = refusal(law, LOCAL, "items", "cn-4301.civilised_conduct_honour", changes)
    assert "repeats cn-43.social_credit_honour" in fault


def test_two_versions_of_an_item_in_force_on_one_day_are_refused(law: SpoiltLaw):
    def amend(content: dict[str, Any], ends: str | None) -> None:
        first = entry(content, "items", "cn.penalty")
        content["items"].append(first | {"in_force_from": "2027-01-01", "title": "行政处罚信息（修订）"})
        first["in_force_until"] = ends

    law.change(NATIONAL, lambda content: amend(content, "2027-01-01"))
    assert len([i for i in LawBook.load(law.directory).items if i.code == "cn.penalty"]) == 2
    law.change(NATIONAL, lambda content: entry(content, "items", "cn.penalty").update(in_force_until="2027-01-02"))
    with pytest.raises(LawError, match="two versions"):
        LawBook.load(law.directory)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"bases": []}, "no legal basis"),
        ({"bases": [RULE]}, "rests on no law"),
        ({"bases": [LOCAL_BASIS | {"article": ""}]}, "without title or article"),
        ({"areas": []}, "no area"),
        ({"areas": ["banking"]}, "areas without a list item: banking"),
        ({"subject_types": []}, "no subject type"),
        ({"least_severity": "mild"}, "least_severity"),
        ({"fee_yuan": 5}, "fee_yuan"),
    ],
)
def test_a_measure_without_basis_or_reach_is_refused(law: SpoiltLaw, changes: dict[str, Any], fault: str):
    assert fault in refusal(law, MEASURES, "measures", "procurement_bar", changes)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"violation_kind": "bad_manners"}, "violation_kind"),
        ({"area": ""}, "no area"),
        ({"instrument": ""}, "no instrument"),
        ({"article": ""}, "no article"),
        ({"criteria": []}, "no criteria"),
        ({"criteria": [{"code": "W1", "text": "一"}, {"code": "W1", "text": "二"}]}, "two criteria"),
        ({"removal_conditions": ""}, "no removal_conditions"),
        ({"removal_procedure": ""}, "no removal_procedure"),
        ({"remedies": ""}, "no remedies"),
        ({"bases": []}, "no legal basis"),
        ({"bases": [RULE]}, "rests on no law"),
        ({"item_code": "cn.penalty"}, "no item cn.penalty"),
        ({"item_code": "cn.list.tax"}, "no item cn.list.tax"),
        ({"period": "listing.forever"}, "listing.forever"),
        ({"public_shame": True}, "public_shame"),
    ],
)
def test_a_scheme_outside_the_four_kinds_or_incomplete_is_refused(law: SpoiltLaw, changes: dict[str, Any], fault: str):
    assert fault in refusal(law, SCHEME, "schemes", "wages", changes)


def local_scheme(opened: str, closed: str, from_: str = "2027-01-01") -> dict[str, Any]:
    return {
        "level": "province",
        "division": "430000",
        "bases": [LOCAL_BASIS],
        "consultation": {"opened_on": opened, "closed_on": closed},
        "in_force_from": from_,
    }


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (local_scheme("2026-06-01", "2026-07-01") | {"bases": [RULE]}, "local regulation"),
        (local_scheme("2026-06-01", "2026-07-01") | {"consultation": None}, "no public consultation"),
        (local_scheme("2026-06-01", "2026-06-30"), "shorter than 30 days"),
        (local_scheme("2026-06-01", "2026-07-01", "2026-06-30"), "before its consultation is over"),
    ],
)
def test_a_local_list_needs_a_local_regulation_and_thirty_days_of_consultation(
    law: SpoiltLaw, changes: dict[str, Any], fault: str
):
    assert fault in refusal(law, SCHEME, "schemes", "wages", changes)


def test_a_local_list_after_thirty_days_of_consultation_is_lawful(law: SpoiltLaw):
    changes = local_scheme("2026-06-01", "2026-07-01")
    law.change(SCHEME, lambda content: entry(content, "schemes", "wages").update(changes))
    assert LawBook.load(law.directory).schemes


@pytest.mark.parametrize(
    ("file", "key", "changes", "fault"),
    [
        ("purposes.yaml", "purposes", {"matter_kind": ""}, "no kind of matter"),
        ("purposes.yaml", "purposes", {"legal_basis": LOCAL_BASIS | {"title": ""}}, "without title"),
        ("purposes.yaml", "purposes", {"yes_no": "sometimes"}, "yes_no"),
        ("archive.yaml", "bases", {"delay_basis": None}, "delays on no law"),
        ("archive.yaml", "bases", {"longest_delay_days": 367}, "366 days"),
        ("archive.yaml", "bases", {"bases": []}, "rests on no law"),
        ("archive.yaml", "bases", {"open_hours": 73}, "1 to 72 hours"),
        ("archive.yaml", "bases", {"approval_days": 31}, "1 to 30 days"),
        ("divisions.yaml", "divisions", {"code": "43"}, "six digits"),
        ("divisions.yaml", "divisions", {"code": "430000"}, "stands twice"),
        ("divisions.yaml", "divisions", {"parent": "990000"}, "unknown parent"),
        ("prohibited_fields.yaml", "prohibited", {"reasons": "x"}, "reasons"),
    ],
)
def test_purposes_divisions_and_prohibitions_are_checked_too(
    law: SpoiltLaw, file: str, key: str, changes: dict[str, Any], fault: str
):
    law.change(file, lambda content: content[key][0].update(changes))
    with pytest.raises(LawError, match=fault):
        LawBook.load(law.directory)


def test_a_missing_file_is_named(law: SpoiltLaw):
    (law.directory / "purposes.yaml").unlink()
    with pytest.raises(LawError, match=r"purposes\.yaml"):
        LawBook.load(law.directory)
