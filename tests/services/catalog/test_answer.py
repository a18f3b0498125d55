"""The audited answer: what a grant shows, journalled in the transaction that reads it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from foundation.access import Officer
from foundation.db.migrate import READER, ROLES
from foundation.refusal import Refused
from services.catalog.domain import reasons
from tests.support.catalog_house import LAWBOOK, CatalogHouse


async def test_a_record_handed_in_is_found_from_that_commit_on(house: CatalogHouse) -> None:
    party = house.party()
    assert not (await house.check(party)).found
    (result,) = await house.hand_in(house.draft(party))
    assert result.record_id
    checked = await house.check(party)
    assert checked.found
    assert checked.items == [house.item]


async def test_every_answer_has_exactly_one_entry_with_its_digest(house: CatalogHouse) -> None:
    party = house.party()
    await house.hand_in(house.draft(party))
    checked = await house.check(party)
    rows = house.sql(
        "SELECT j.digest, j.decision, p.items FROM catalog.journal j JOIN catalog.journal_private p"
        " USING (bucket, entry_id) WHERE entry_id = %s",
        checked.entry_id,
    )
    assert rows == [(checked.digest, "answered", [house.item])]


async def test_without_a_grant_nothing_is_answered_and_the_attempt_is_journalled(house: CatalogHouse) -> None:
    stranger = house.enrol("91439999MA9999999X", "consumer")
    with pytest.raises(Refused) as refusal:
        await house.check(house.party(), fingerprint=stranger.fingerprint)
    assert refusal.value.reason is reasons.NOT_GRANTED
    assert refusal.value.journalled
    rows = house.sql("SELECT decision, reason FROM catalog.journal WHERE fingerprint = %s", stranger.fingerprint)
    assert rows == [("refused", "NOT_GRANTED")]


async def test_a_grant_for_other_items_answers_as_if_nothing_were_there(house: CatalogHouse) -> None:
    other = next(item.code for item in LAWBOOK.items_in_force(datetime.now(UTC).date()) if item.code != house.item)
    stranger = house.enrol("91439999MA9999998Y", "consumer")
    await house.grant(stranger, house.purpose, [other], [])
    party = house.party()
    await house.hand_in(house.draft(party))
    checked = await house.check(party, fingerprint=stranger.fingerprint)
    assert not checked.found
    assert checked.items == []


async def test_a_revoked_grant_ends_at_its_commit(house: CatalogHouse) -> None:
    (grant,) = [g for g in await house.access.list(house.consumer) if g.row.purpose == house.purpose]
    officer = Officer(subject="b", authority=house.steward.authority, roles=frozenset({"steward"}))
    await house.access.revoke(house.steward, officer, grant.row.grant_id, reason="test")
    with pytest.raises(Refused) as refusal:
        await house.check(house.party())
    assert refusal.value.reason is reasons.NOT_GRANTED


async def test_who_applied_for_a_grant_cannot_approve_it_even_by_sql(house: CatalogHouse) -> None:
    await house.access.request(
        house.consumer,
        Officer(subject="a", authority=house.consumer.authority, roles=frozenset({"case_officer"})),
        purpose=house.purpose,
        item_codes=[house.item],
        field_names=[],
        days=30,
        justification="样例",
    )
    with (
        psycopg.connect(house.database.dsn("catalog_change"), options="-c search_path=catalog") as login,
        pytest.raises(psycopg.errors.CheckViolation, match="grant_takes_two_officials"),
    ):
        login.execute(
            "UPDATE access_grant SET approved_by = requested_by, approval = said, starts_at = house_now(),"
            " ends_at = house_now() + interval '1 day' WHERE approved_by IS NULL"
        )


async def test_an_expired_record_is_in_no_answer_although_no_job_has_run(house: CatalogHouse) -> None:
    party = house.party()
    await house.hand_in(house.draft(party))
    house.advance(days=366)
    await house.grant(house.consumer, house.purpose, [house.item], [])
    checked = await house.check(party)
    assert not checked.found
    assert house.sql("SELECT count(*) FROM catalog.record WHERE ended_at IS NOT NULL") == [(0,)]


async def test_a_report_opens_the_fields_of_the_grant_and_no_others(house: CatalogHouse) -> None:
    party = house.party()
    await house.hand_in(house.draft(party))
    shown, _ = await house.sharing.report(house.context(), party, now=datetime.now(UTC))
    assert [{n: t.reveal() for n, t in record.fields.items()} for record in shown] == [{"party_name": "样例企业"}]


async def test_a_purpose_that_needs_yes_or_no_gets_yes_or_no(house: CatalogHouse) -> None:
    purpose = next(purpose.code for purpose in LAWBOOK.purposes if purpose.yes_no)
    await house.grant(house.consumer, purpose, [house.item], [])
    party = house.party()
    await house.hand_in(house.draft(party))
    checked = await house.check(party, purpose=purpose)
    assert checked.found
    assert checked.items == []
    with pytest.raises(Refused) as refusal:
        await house.sharing.report(house.context(purpose=purpose), party, now=datetime.now(UTC))
    assert refusal.value.reason is reasons.PURPOSE_IS_YES_NO


async def test_a_batch_is_answered_in_order_with_an_entry_each(house: CatalogHouse) -> None:
    parties = [house.party() for _ in range(20)]
    await house.hand_in(*[house.draft(party) for party in parties[::2]])
    answers = await house.sharing.check_many(house.context(), parties, now=datetime.now(UTC))
    assert not isinstance(answers, Refused)
    assert [answer.found for answer in answers] == [place % 2 == 0 for place in range(20)]
    assert len({answer.entry_id for answer in answers}) == 20


@pytest.mark.parametrize("role", [*ROLES["catalog"], READER])
@pytest.mark.parametrize("table", ["record", "record_text", "subject", "record_number", "record_place", "disclosure"])
async def test_no_login_role_can_select_records(house: CatalogHouse, role: str, table: str) -> None:
    with psycopg.connect(house.database.dsn(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"SELECT * FROM catalog.{table} LIMIT 1")


@pytest.mark.parametrize("role", [*ROLES["catalog"], READER])
@pytest.mark.parametrize("what", ["UPDATE catalog.journal SET reason = ''", "DELETE FROM catalog.journal"])
async def test_no_login_role_can_touch_the_journal(house: CatalogHouse, role: str, what: str) -> None:
    with psycopg.connect(house.database.dsn(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(what)


async def test_the_journal_is_append_only_even_for_its_owner(house: CatalogHouse) -> None:
    with pytest.raises(psycopg.Error, match="append-only"):
        house.sql("DELETE FROM catalog.journal")


async def test_the_clock_of_a_real_house_cannot_be_moved(schema_db) -> None:
    real = schema_db("catalog", sample=False)
    with psycopg.connect(real.admin_dsn) as admin, pytest.raises(psycopg.Error, match="sample house"):
        admin.execute("UPDATE catalog.clock_offset SET ahead = interval '1 day'")


async def test_the_clock_of_a_sample_house_never_goes_back(house: CatalogHouse) -> None:
    house.advance(days=2)
    with pytest.raises(psycopg.Error, match="forwards only"):
        house.advance(days=-1)
    assert datetime.now(UTC) + timedelta(days=1) < await house.reading.now()
