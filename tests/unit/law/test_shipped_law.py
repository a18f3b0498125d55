"""What the shipped law holds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from chengxin.catalog.v1 import catalog_pb2
from chengxin.common.v1 import common_pb2
from foundation.policy import LawBook, Severity, listing_period, load_policy

LAW = Path(__file__).parents[3] / "law"
POLICY = load_policy(LAW)
BOOK = LawBook.load(LAW, POLICY)
TODAY = date(2026, 11, 24)

AREAS = {
    "court_enforcement",
    "wages",
    "tax",
    "market_regulation",
    "work_safety",
    "procurement",
    "statistics",
    "social_insurance",
    "social_organisations",
    "culture_tourism",
    "customs",
    "military_service",
}


def test_there_are_items_for_every_area_and_family():
    items = BOOK.items_in_force(TODAY)
    assert len(items) >= 24
    assert {area for item in items for area in item.determining_areas} == AREAS
    assert len({item.family for item in items}) == 12
    assert {item.level for item in items} == {"national", "province", "municipality"}


def test_everything_rests_on_an_instrument_with_an_article():
    entries = [*BOOK.items, *BOOK.measures, *BOOK.schemes]
    assert all(entry.bases and all(b.title and b.article for b in entry.bases) for entry in entries)


def test_a_basis_is_confirmed_only_where_its_text_could_be_compared():
    compared = {"中华人民共和国行政处罚法（2021年修订）"}
    entries = [*BOOK.items, *BOOK.measures, *BOOK.schemes]
    assert {b.title for entry in entries for b in entry.bases if b.confirmed} <= compared


def test_a_repealed_item_is_known_and_not_in_force():
    code = "cn.list.serious_illegal_enterprises"
    assert BOOK.knows_item(code)
    assert BOOK.item(code, on=date(2021, 8, 31)) is not None
    assert BOOK.item(code, on=date(2021, 9, 1)) is None
    assert not BOOK.knows_item("cn.no_such_item")


def test_one_item_is_not_shared_and_one_is_beyond_repair():
    items = BOOK.items_in_force(TODAY)
    assert [item.code for item in items if item.sharing == "none"] == ["cn.voluntary"]
    assert [item.code for item in items if item.unrepairable] == ["cn.food_lifelong_bar"]


def test_persons_are_public_only_by_an_express_law():
    for item in BOOK.items:
        assert item.public_persons == (item.person_publicity_basis is not None)
    assert not BOOK.item("cn.penalty", on=TODAY).public_persons  # pyright: ignore[reportOptionalMemberAccess]


def test_negative_items_do_not_outlast_the_upper_bound_of_disclosure_but_for_the_one_beyond_repair():
    bound = POLICY.number("disclosure.upper_bound", on=TODAY).value * 12
    assert all(i.retention_months <= bound for i in BOOK.items if i.negative and not i.unrepairable)


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        (
            "cn.penalty",
            "violation_type facts legal_basis penalty_category penalty_content fine_yuan confiscated_yuan"
            " licence_revoked legal_representative remarks",
        ),
        (
            "cn.licence",
            "document_title licence_category certificate_name certificate_number licence_content valid_from"
            " valid_until status legal_representative remarks",
        ),
    ],
)
def test_items_hold_what_the_hand_in_files_carry(code: str, fields: str):
    item = BOOK.item(code, on=TODAY)
    assert item is not None
    assert set(fields.split()) <= {field.name for field in item.fields}
    representative = item.by_name.get("legal_representative")
    assert representative is not None
    assert representative.sensitivity == "personal"


def test_every_item_and_measure_fits_the_contracts_messages():
    for item in BOOK.items:
        assert len(item.fields) == len({field.name for field in item.fields})
        for kind in item.document_kinds:
            assert common_pb2.DocumentKind.Value(f"DOCUMENT_KIND_{kind.upper()}")
        catalog_pb2.CatalogItem(
            code=item.code,
            public_persons=item.public_persons,
            unrepairable=item.unrepairable,
            subject_types=item.subject_types,
            update_frequency=item.update_frequency,
        )
    for measure in BOOK.measures:
        assert common_pb2.Severity.Value(f"SEVERITY_{measure.least_severity.name}")


def test_each_scheme_shares_its_listings_under_its_item_with_a_period():
    schemes = BOOK.schemes_in_force(TODAY)
    assert [scheme.code for scheme in schemes] == ["market_regulation", "wages"]
    for scheme in schemes:
        found = BOOK.scheme_of_item(scheme.item_code, on=TODAY)
        assert found is scheme is BOOK.scheme(scheme.code, on=TODAY)
        period = listing_period(scheme.earliest_removal, scheme.period, TODAY, POLICY)
        assert period.starts_on < period.earliest_repair_on < period.ends_before
    assert BOOK.scheme("wages", on=date(2021, 12, 31)) is None
    assert BOOK.scheme_of_item("cn.penalty", on=TODAY) is None


def test_every_scheme_has_measures_for_enterprises_and_none_binds_a_bank():
    for scheme in BOOK.schemes_in_force(TODAY):
        assert any(
            m.may_follow(area=scheme.area, severity=Severity.SERIOUS, subject_type="enterprise")
            for m in BOOK.measures_in_force(TODAY)
        )
    assert not [m for m in BOOK.measures if any(word in m.title for word in ("银行", "贷款", "协会", "媒体"))]


def test_a_measure_fits_area_gravity_and_subject():
    bar = BOOK.measure("procurement_bar", on=TODAY)
    assert bar is not None
    assert bar.may_follow(area="wages", severity=Severity.SERIOUS, subject_type="enterprise")
    assert not bar.may_follow(area="wages", severity=Severity.ORDINARY, subject_type="enterprise")
    assert not bar.may_follow(area="statistics", severity=Severity.SERIOUS, subject_type="enterprise")
    office = BOOK.measure("office_holding_limit", on=TODAY)
    assert office is not None
    assert not office.may_follow(area="court_enforcement", severity=Severity.SERIOUS, subject_type="enterprise")
    assert BOOK.measure("office_holding_limit", on=date(2024, 6, 30)) is None


def test_tenders_need_yes_or_no_and_a_platforms_copy_is_a_purpose():
    tender = BOOK.purpose("tender.qualification")
    copy = BOOK.purpose("copy.platform")
    assert tender is not None
    assert tender.yes_no
    assert copy is not None
    assert not copy.yes_no
    assert BOOK.purpose("curiosity") is None


def test_the_divisions_hold_all_provinces_and_the_prefectures_of_hunan():
    provinces = [d for d in BOOK.divisions if not d.parent]
    hunan = [d for d in BOOK.divisions if d.parent == "430000"]
    assert (len(provinces), len(hunan)) == (34, 14)


@pytest.mark.parametrize(
    ("name", "title", "category"),
    [
        ("religion", "", "religion"),
        ("x", "宗教信仰", "religion"),
        ("gene_test", "", "genes"),
        ("right_fingerprint_2", "", "fingerprint"),
        ("blood_type", "", "blood_type"),
        ("medical_history", "", "illness"),
        ("x", "既往病史", "illness"),
        ("monthly_income", "", "income"),
        ("deposits", "", "deposits"),
        ("securities", "", "securities"),
        ("insurance_policy", "", "insurance"),
        ("real_estate", "", "real_estate"),
        ("tax_yuan", "", "tax_amount"),
        ("宗教信仰", "", "religion"),
        ("Blood_Type", "", "blood_type"),
    ],
)
def test_prohibited_fields_are_known_by_name_and_by_title(name: str, title: str, category: str):
    found = BOOK.prohibited_category(name, title)
    assert found is not None
    assert found.code == category


@pytest.mark.parametrize("name", ["facts", "general_remarks", "faithful_copy", "generation", "title"])
def test_ordinary_names_are_not_prohibited(name: str):
    assert BOOK.prohibited_category(name, "违法事实") is None
