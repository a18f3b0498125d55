"""The archive opens to two officials on a stated basis, for a short time, and the party sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from foundation.db.migrate import READER, ROLES
from services.catalog.sealing import PARTY_NAME
from services.catalog.store.answers import Position
from tests.services.archive.desk import ArchiveDesk, refused_as
from tests.support.catalog_house import uscc

OPENED = [
    ("RequestOpening", "changed", "", "archive.audit", True),
    ("ApproveOpening", "changed", "", "archive.audit", True),
    ("OpenArchive", "answered", "", "archive.audit", True),
]


async def test_an_ended_record_opens_to_two_officials_and_the_party_sees_each_step(desk: ArchiveDesk) -> None:
    party = desk.house.party()
    record_id = await desk.ended(party)
    [shown] = await desk.open(await desk.approved(party))
    assert (str(shown.row["record_id"]), shown.row["end_reason"]) == (str(record_id), "repaired")
    assert shown.fields[PARTY_NAME].reveal() == "样例企业"
    assert await desk.entries_about(party) == OPENED


# Two persons --------------------------------------------------------------------------------------------------------


async def test_who_applied_does_not_approve_whatever_system_asserts_it(desk: ArchiveDesk) -> None:
    """Two assertions of one subject are one official, also through another authority's system."""
    party = desk.house.party()
    await desk.ended(party)
    opening = await desk.request(party, subject="同一人")
    assert await refused_as(desk.approve(opening, party, subject="同一人")) == "SAME_OFFICIAL"
    other = desk.house.enrol(uscc(9000012), "steward", "auditor")
    assert await refused_as(desk.approve(opening, party, by=other, subject="同一人")) == "SAME_OFFICIAL"
    assert await refused_as(desk.open(opening, subject="同一人")) == "ARCHIVE_OPENING_STATE"
    assert [entry[:3] for entry in await desk.entries_about(party)][1:] == [
        ("ApproveOpening", "refused", "SAME_OFFICIAL"),
        ("ApproveOpening", "refused", "SAME_OFFICIAL"),
        ("OpenArchive", "refused", "ARCHIVE_OPENING_STATE"),
    ]


async def test_the_table_refuses_one_official_twice_whatever_the_office_does(desk: ArchiveDesk) -> None:
    party = desk.house.party()
    opening = await desk.request(party, subject="同一人")
    with (
        psycopg.connect(desk.house.database.dsn("catalog_archive"), options="-c search_path=catalog") as archive,
        pytest.raises(psycopg.errors.CheckViolation, match="opening_takes_two_officials"),
    ):
        archive.execute(
            "SELECT approve_opening(%s, %s, %s, '\\x01')",
            (desk.steward.fingerprint, opening.row.opening_id, opening.row.requested_by),
        )


async def test_an_approval_neither_changes_nor_moves_in_the_database(desk: ArchiveDesk) -> None:
    opening = await desk.approved(desk.house.party())
    for change in (
        "approved_by = decode(md5('x'), 'hex')",
        "approval = 'x'",
        "said = 'x'",
        "open_before = open_before + interval '1 year'",
        "basis = 'court_order'",
        "record_ids = '{}'",
    ):
        with pytest.raises(psycopg.Error) as refused:
            desk.house.sql(f"UPDATE catalog.archive_opening SET {change}")
        assert refused.value.sqlstate == "CX001"
    for statement in ("DELETE FROM catalog.archive_opening", "TRUNCATE catalog.archive_opening"):
        with pytest.raises(psycopg.Error, match="append-only"):
            desk.house.sql(statement)
    with pytest.raises(psycopg.Error) as refused:
        desk.house.sql("UPDATE catalog.archive_opening SET approved_by = NULL, approved_at = NULL")
    assert refused.value.sqlstate == "CX001"
    assert len(await desk.open(opening)) == 0


async def test_nobody_applies_approves_or_opens_without_the_role(desk: ArchiveDesk) -> None:
    party, house = desk.house.party(), desk.house
    await desk.ended(party)
    for call, reason in (
        (desk.call("RequestOpening", house.consumer, "甲", "auditor"), "ROLE_REQUIRED"),
        (desk.call("RequestOpening", desk.steward, "甲", "auditor"), "ROLE_REQUIRED"),
        (desk.call("RequestOpening", desk.auditor), "ASSERTION_REQUIRED"),
        (desk.call("RequestOpening", desk.auditor, "甲", "case_officer"), "OFFICER_ROLE_REQUIRED"),
        (desk.call("RequestOpening", desk.auditor, "甲", "auditor", authority=uscc(9000099)), "OFFICER_ROLE_REQUIRED"),
    ):
        assert await refused_as(desk.request(party, call=call)) == reason
    opening = await desk.request(party)
    approving = ((desk.auditor, "ROLE_REQUIRED"), (house.provider, "ROLE_REQUIRED"), (house.repair, "ROLE_REQUIRED"))
    for by, reason in approving:
        assert await refused_as(desk.approve(opening, party, by=by)) == reason
    await desk.approve(opening, party)
    for by in (desk.steward, house.consumer, house.gateway, house.repair):
        assert await refused_as(desk.open(opening, by=by)) == "ROLE_REQUIRED"
    another = house.enrol(uscc(9000013), "auditor")
    assert await refused_as(desk.open(opening, by=another)) == "NOT_FOUND"
    assert await refused_as(desk.open(opening, subject="审计丙")) == "NOT_FOUND"
    refused = [entry for entry in await desk.entries_about(party) if entry[1] == "refused"]
    assert len(refused) == 5 + 3 + 4 + 2
    assert all(seen for *_, seen in refused)


# Time ---------------------------------------------------------------------------------------------------------------


async def test_an_application_that_waited_too_long_is_not_approved(desk: ArchiveDesk) -> None:
    party = desk.house.party()
    opening = await desk.request(party)
    desk.house.advance(days=7)
    assert await refused_as(desk.approve(opening, party)) == "ARCHIVE_OPENING_STATE"
    with pytest.raises(psycopg.errors.CheckViolation):
        desk.house.sql("UPDATE catalog.archive_opening SET approved_by = decode(md5('x'), 'hex'), approval = 'x'")


async def test_an_approval_serves_for_a_day_and_each_opening_is_an_entry(desk: ArchiveDesk) -> None:
    party = desk.house.party()
    await desk.ended(party)
    opening = await desk.approved(party)
    assert await refused_as(desk.approve(opening, party)) == "ARCHIVE_OPENING_STATE"
    desk.house.advance(hours=23)
    assert len(await desk.open(opening)) == len(await desk.open(opening)) == 1
    desk.house.advance(hours=1)
    assert await refused_as(desk.open(opening)) == "ARCHIVE_OPENING_STATE"
    kinds = [(kind, decision) for kind, decision, *_ in await desk.entries_about(party)]
    assert kinds.count(("OpenArchive", "answered")) == 2
    assert kinds[-1] == ("OpenArchive", "refused")


# What is approved ---------------------------------------------------------------------------------------------------


async def test_what_was_approved_opens_and_nothing_else_of_anybody(desk: ArchiveDesk) -> None:
    party, other = desk.house.party(), desk.house.party()
    first, second, others = await desk.ended(party), await desk.ended(party), await desk.ended(other)

    async def opened(*record_ids: object) -> set[str]:
        shown = await desk.open(await desk.approved(party, *record_ids))  # type: ignore[arg-type]
        return {str(one.row["record_id"]) for one in shown}

    assert await opened(first) == {str(first)}
    assert await opened() == {str(first), str(second)}
    assert await opened(others) == set()
    assert await opened(first, others, uuid4()) == {str(first)}


async def test_the_approver_names_the_party_and_it_has_to_be_the_one_applied_for(desk: ArchiveDesk) -> None:
    party = desk.house.party()
    opening = await desk.request(party)
    assert await refused_as(desk.approve(opening, desk.house.party())) == "ARCHIVE_OTHER_PARTY"
    assert (await desk.approve(opening, party)).said.approved_by.reveal() == "管理乙"


async def test_a_record_that_is_shared_is_not_in_the_archive_yet(desk: ArchiveDesk) -> None:
    party = desk.house.party()
    await desk.house.hand_in(desk.house.draft(party))
    assert await desk.open(await desk.approved(party)) == []


async def test_nobody_learns_from_an_application_whether_anything_is_held(desk: ArchiveDesk) -> None:
    known, unknown = desk.house.party(), desk.house.party()
    await desk.ended(known)
    told = [(await desk.request(party)).row._asdict() for party in (known, unknown)]
    shown = ("basis", "requested_by", "approved_by", "open_before", "visible_from", "record_ids")
    assert [told[0][name] for name in shown] == [told[1][name] for name in shown]
    assert await desk.open(await desk.approved(unknown)) == []


async def test_an_ended_record_appears_nowhere_else(desk: ArchiveDesk) -> None:
    """Opened or not: in no answer, no report, not on the public list, and without its fields to the party itself."""
    house, party = desk.house, desk.house.party()
    record_id = await desk.ended(party)
    await desk.open(await desk.approved(party))
    assert not (await house.check(party)).found
    assert await house.report(party) == []
    assert await house.reading.published(item_code="", before=None, after=None, most=100) == []
    for row in house.sql("SELECT share_wrap FROM catalog.record WHERE record_id = %s", record_id):
        assert row == (None,)
    changes, _, _ = await house.sharing.changes(house.context(kind="SharingService.WatchChanges"), Position())
    assert changes == []


# Basis and delay ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("basis", ["", "curiosity", "court order"])
async def test_without_a_basis_of_the_law_there_is_no_application(desk: ArchiveDesk, basis: str) -> None:
    party = desk.house.party()
    assert await refused_as(desk.request(party, basis=basis)) == "ARCHIVE_BASIS_UNKNOWN"
    assert await desk.entries_about(party) == [("RequestOpening", "refused", "ARCHIVE_BASIS_UNKNOWN", "archive", True)]


async def test_a_basis_that_the_law_ended_serves_no_more(desk: ArchiveDesk) -> None:
    desk.house.sql("UPDATE catalog.archive_basis SET in_force = false WHERE code = 'audit'")
    assert await refused_as(desk.request(desk.house.party())) == "ARCHIVE_BASIS_UNKNOWN"


@pytest.mark.parametrize(("basis", "days"), [("audit", 1), ("court_order", 91), ("court_order", -1)])
async def test_a_delay_is_as_long_as_its_basis_allows_and_no_longer(desk: ArchiveDesk, basis: str, days: int) -> None:
    reason = await refused_as(desk.request(desk.house.party(), basis=basis, delay_days=days))
    assert reason == "ARCHIVE_DELAY_NOT_ALLOWED"


@pytest.mark.parametrize(("basis", "days"), [("audit", 1), ("court_order", 91)])
async def test_the_table_holds_basis_and_delay_against_the_law_too(desk: ArchiveDesk, basis: str, days: int) -> None:
    with (
        psycopg.connect(desk.house.database.dsn("catalog_archive"), options="-c search_path=catalog") as archive,
        pytest.raises(psycopg.Error, match="basis does not allow") as refused,
    ):
        archive.execute(
            "SELECT request_opening(%s, %s, '\\x00', '{}', %s, %s, '\\x00', '甲')",
            (desk.auditor.fingerprint, uuid4(), basis, days),
        )
    assert refused.value.sqlstate == "CX001"


async def test_the_party_sees_a_delayed_opening_when_the_delay_is_over_with_its_basis(desk: ArchiveDesk) -> None:
    party = desk.house.party()
    await desk.ended(party)
    opening = await desk.approved(party, basis="court_order", delay_days=30)
    await desk.open(opening)
    assert await refused_as(desk.open(opening, subject="审计丙")) == "NOT_FOUND"
    assert {seen for *_, seen in await desk.entries_about(party)} == {False}
    desk.house.advance(days=29, hours=23)
    assert {seen for *_, seen in await desk.entries_about(party)} == {False}
    desk.house.advance(hours=1)
    entries = await desk.entries_about(party)
    assert {(purpose, seen) for *_, purpose, seen in entries} == {("archive.court_order", True)}
    assert len(entries) == 4


async def test_a_mistyped_delay_tells_the_party_no_earlier_and_a_stranger_hides_nothing(desk: ArchiveDesk) -> None:
    party = desk.house.party()
    await refused_as(desk.request(party, basis="court_order", delay_days=400))
    assert [seen for *_, seen in await desk.entries_about(party)] == [False]
    stranger = desk.call("RequestOpening", desk.house.consumer, "甲", "auditor")
    assert await refused_as(desk.request(party, basis="court_order", delay_days=90, call=stranger)) == "ROLE_REQUIRED"
    assert [seen for *_, seen in await desk.entries_about(party)] == [False, True]


# Doors --------------------------------------------------------------------------------------------------------------

LOGIN = [*ROLES["catalog"], READER, *(role for office in ("blacklist", "repair") for role in ROLES[office])]


@pytest.mark.parametrize("role", LOGIN)
async def test_one_login_role_alone_passes_the_door(desk: ArchiveDesk, role: str) -> None:
    party = desk.house.party()
    await desk.ended(party)
    opening = await desk.approved(party)
    with psycopg.connect(desk.house.database.dsn(role), autocommit=True) as connection:
        for forbidden in (
            "SELECT archive_wrap FROM catalog.record",
            "SELECT fields FROM catalog.record_text",
            "INSERT INTO catalog.archive_opening SELECT * FROM catalog.archive_opening",
            "UPDATE catalog.archive_opening SET approved_by = '\\x00'",
            "UPDATE catalog.archive_basis SET longest_delay_days = 300",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)  # type: ignore[arg-type]
        door = "SELECT entry_id FROM catalog.open_archive(%s, %s, %s, %s, '\\x01', '\\x01', '\\x01', NULL)"
        arguments = (desk.auditor.fingerprint, opening.row.opening_id, opening.row.requested_by, uuid4())
        if role == "catalog_archive":
            assert connection.execute(door, arguments).fetchone() != (None,)
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(door, arguments)


async def test_the_door_itself_opens_nothing_that_is_not_approved(desk: ArchiveDesk) -> None:
    party = desk.house.party()
    await desk.ended(party)
    opening = await desk.request(party)
    with psycopg.connect(desk.house.database.dsn("catalog_archive"), options="-c search_path=catalog") as archive:
        for opening_id in (opening.row.opening_id, uuid4()):
            row = archive.execute(
                "SELECT records, entry_id FROM open_archive(%s, %s, %s, %s, '\\x01', '\\x01', '\\x01', NULL)",
                (desk.auditor.fingerprint, opening_id, opening.row.requested_by, uuid4()),
            ).fetchone()
            assert row == (None, None)


async def test_the_list_tells_auditors_and_stewards_who_opened_on_what_and_no_party(desk: ArchiveDesk) -> None:
    party = desk.house.person()
    opening = await desk.approved(party)
    for by in (desk.auditor, desk.steward):
        [listed] = await desk.office.list(desk.call("ListOpenings", by))
        assert listed.row.opening_id == opening.row.opening_id
        said = listed.said
        assert [text.reveal() for text in (said.basis_number, said.reason, said.requested_by, said.approved_by)] == [
            "样例审〔2026〕1号",
            "样例",
            "审计甲",
            "管理乙",
        ]
        assert "样例审" not in str(listed)
    assert await refused_as(desk.office.list(desk.call("ListOpenings", desk.house.consumer))) == "ROLE_REQUIRED"
    stored = desk.house.sql("SELECT t::text FROM catalog.archive_opening t")
    assert party.value.reveal() not in str(stored)
    for said in ("样例审", "审计甲", "管理乙"):
        assert said not in str(stored)
        assert said.encode().hex() not in str(stored)
    assert datetime.now(UTC) < listed.row.open_before
