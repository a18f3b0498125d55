"""The end of sharing: in no answer from its commit on, told to every receiver, certified."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from foundation.access import Person
from foundation.crypto import OpenFailed
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from services.catalog.domain import reasons
from services.catalog.store.answers import Position
from services.catalog.wakeups import Wakeups
from tests.support.catalog_house import CatalogHouse, uscc
from tests.support.eventually import eventually


async def _withdraw(house: CatalogHouse, record_id, caller=None):
    return await house.records.withdraw(
        caller or house.repair, record_id=record_id, record_number="", reason="repaired", matter="样例-修复"
    )


START = Position()


async def _feed(house: CatalogHouse, after: Position = START):
    return await house.sharing.changes(house.context(kind="SharingService.WatchChanges"), after)


async def test_a_withdrawn_record_is_in_no_answer_from_the_commit_on(house: CatalogHouse) -> None:
    party = house.party()
    (result,) = await house.hand_in(house.draft(party))
    assert (await house.check(party)).found
    await _withdraw(house, result.record_id)
    assert not (await house.check(party)).found
    shown, _ = await house.sharing.report(house.context(), party, now=datetime.now(UTC))
    assert shown == []


async def test_no_late_answer_while_a_record_that_is_asked_about_is_withdrawn(house: CatalogHouse) -> None:
    """I2: an answer whose as_of is not before ended_at never shows the record."""
    party = house.party()
    (result,) = await house.hand_in(house.draft(party))
    answers = []

    async def ask(times: int) -> None:
        for _ in range(times):
            answers.append(await house.check(party))

    async def withdraw():
        await eventually(lambda: len(answers) >= 40)
        return await _withdraw(house, result.record_id)

    (_, ended_at, _, _), *_ = await asyncio.gather(withdraw(), *[ask(30) for _ in range(8)])
    await ask(10)
    assert any(answer.found for answer in answers)
    late = [answer for answer in answers if answer.found and answer.as_of >= ended_at]
    missing = [answer for answer in answers if not answer.found and answer.as_of < ended_at]
    assert (late, missing) == ([], [])


async def test_an_answer_waits_for_a_withdrawal_that_holds_the_bucket(house: CatalogHouse) -> None:
    """Without its bucket lock, an answer would overtake a withdrawal that has stamped ended_at already."""
    party = house.party()
    (result,) = await house.hand_in(house.draft(party))
    (bucket,) = house.sql("SELECT bucket FROM catalog.record WHERE record_id = %s", result.record_id)[0]
    async with await psycopg.AsyncConnection.connect(house.database.admin_dsn) as admin:
        await admin.execute("SELECT pg_advisory_xact_lock(7401, %s)", (bucket,))
        asked = asyncio.create_task(house.check(party))
        waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
        await eventually(lambda: house.sql(waiting, bucket))
        assert not asked.done()
        await admin.execute(
            "SELECT catalog.end_now(ARRAY[%s::smallint], ARRAY[%s::uuid], 'repaired')", (bucket, result.record_id)
        )
        await admin.commit()
        assert not (await asked).found


async def test_the_share_wrap_is_destroyed_with_the_end_of_sharing(house: CatalogHouse) -> None:
    (result,) = await house.hand_in(house.draft())
    await _withdraw(house, result.record_id)
    assert house.sql(
        "SELECT share_wrap IS NULL, archive_wrap IS NOT NULL FROM catalog.record WHERE record_id = %s", result.record_id
    ) == [(True, True)]


async def test_withdrawing_twice_ends_sharing_once(house: CatalogHouse) -> None:
    (result,) = await house.hand_in(house.draft())
    _, first, already, _ = await _withdraw(house, result.record_id)
    _, second, again, _ = await _withdraw(house, result.record_id)
    assert (already, again) == (False, True)
    assert first == second


async def test_another_providers_record_is_answered_as_not_existing(house: CatalogHouse) -> None:
    (result,) = await house.hand_in(house.draft())
    other = house.enrol(uscc(8000001), "provider")
    for record_id in (result.record_id, uuid4()):
        with pytest.raises(Refused) as refusal:
            await _withdraw(house, record_id, other)
        assert refusal.value.reason is NOT_FOUND


async def test_sharing_cannot_be_ended_for_a_reason_that_ends_it_by_itself(house: CatalogHouse) -> None:
    (result,) = await house.hand_in(house.draft())
    with pytest.raises(Refused) as refusal:
        await house.records.withdraw(
            house.provider, record_id=result.record_id, record_number="", reason="expired", matter="x"
        )
    assert refusal.value.reason is reasons.END_REASON_NOT_ALLOWED


async def test_a_withdrawn_record_handed_in_again_stays_withdrawn(house: CatalogHouse) -> None:
    draft = house.draft()
    (result,) = await house.hand_in(draft)
    await _withdraw(house, result.record_id)
    (again,) = await house.hand_in(draft)
    assert again.already_held
    assert again.record_id == result.record_id
    assert not (await house.check(draft.party)).found


async def test_a_revoked_document_takes_all_its_records_out(house: CatalogHouse) -> None:
    first, second = (house.draft(document_number="样例罚〔2026〕7号"), house.draft(document_number="样例罚〔2026〕7号"))
    await house.hand_in(first, second, house.draft())
    ended, _ = await house.records.revoke_document(
        house.provider, document_number="样例罚〔2026〕7号", reason="复议撤销"
    )
    assert len(ended) == 2
    assert not (await house.check(first.party)).found


async def test_every_receiver_gets_the_tombstone_and_the_certificate_names_it(house: CatalogHouse) -> None:
    party = house.party()
    (result,) = await house.hand_in(house.draft(party))
    await house.check(party)
    _, start, _ = await _feed(house)
    await _withdraw(house, result.record_id)
    events, _, receipt = await _feed(house, start)
    assert [(event["kind"], event["record_id"]) for event in events] == [("withdrawn", str(result.record_id))]
    assert receipt is not None
    text, receivers, _ = await house.reading.certificate(house.provider, None, result.record_id, uuid4())
    assert [(one.authority, one.acknowledged_at) for one in receivers] == [(house.consumer.authority, None)]
    at, _ = await house.sharing.acknowledge(house.consumer, result.record_id)
    text, receivers, _ = await house.reading.certificate(house.provider, None, result.record_id, uuid4())
    assert [one.acknowledged_at for one in receivers] == [at]
    assert house.consumer.authority in text


async def test_who_never_received_a_record_gets_no_tombstone_of_it(house: CatalogHouse) -> None:
    (result,) = await house.hand_in(house.draft())
    await _withdraw(house, result.record_id)
    events, _, _ = await _feed(house)
    assert events == []
    with pytest.raises(Refused) as refusal:
        await house.sharing.acknowledge(house.consumer, result.record_id)
    assert refusal.value.reason is NOT_FOUND


async def test_a_record_still_shared_has_no_certificate(house: CatalogHouse) -> None:
    (result,) = await house.hand_in(house.draft())
    with pytest.raises(Refused) as refusal:
        await house.reading.certificate(house.provider, None, result.record_id, uuid4())
    assert refusal.value.reason is reasons.NOT_ENDED


async def test_the_feed_never_skips_a_late_commit(house: CatalogHouse) -> None:
    insert = (
        "INSERT INTO catalog.change_event (bucket, xid, at, kind, record_id, version, item_code)"
        " SELECT bucket, pg_current_xact_id(), now(), 'recorded', record_id, 1, item_code FROM catalog.record"
        " WHERE record_id = %s"
    )
    early, late = await house.hand_in(house.draft(), house.draft())
    _, start, _ = await _feed(house)
    async with await psycopg.AsyncConnection.connect(house.database.admin_dsn) as slow:
        await slow.execute(insert, (late.record_id,))
        house.sql(insert, early.record_id)
        events, position, _ = await _feed(house, start)
        assert events == []
        await slow.commit()
    events, _, _ = await _feed(house, position)
    assert {event["record_id"] for event in events} == {str(early.record_id), str(late.record_id)}


async def test_readers_wake_when_a_withdrawal_can_be_read_and_not_before(house: CatalogHouse) -> None:
    """An older transaction under way hides it: whoever looked at its commit would look in vain."""
    (result,) = await house.hand_in(house.draft())
    wakeups = Wakeups(house.database.dsn("catalog_answer"))
    listening = asyncio.create_task(wakeups.listen())
    try:
        await eventually(lambda: wakeups.count == 1)
        async with await psycopg.AsyncConnection.connect(house.database.admin_dsn) as slow:
            await slow.execute("SELECT pg_current_xact_id()")
            for other in ("nobody's", "9" * 18):
                house.sql("SELECT pg_notify('chengxin_change', %s)", other)
            _, start, _ = await _feed(house)
            await _withdraw(house, result.record_id)
            await asyncio.sleep(0.1)
            assert wakeups.count == 1
            await slow.commit()
        await eventually(lambda: wakeups.count == 2)
        events, _, _ = await _feed(house, start)
        assert [event["kind"] for event in events] == ["withdrawn"]
    finally:
        listening.cancel()


async def test_the_sweeper_tells_receivers_of_expired_records(house: CatalogHouse) -> None:
    party = house.party()
    (result,) = await house.hand_in(house.draft(party))
    await house.check(party)
    _, start, _ = await _feed(house)
    house.advance(days=366)
    sweeper = house.sweeper()
    assert await sweeper.sweep() == 1
    assert await sweeper.sweep() == 0
    await house.grant(house.consumer, house.purpose, [house.item], [])
    events, _, _ = await _feed(house, start)
    assert [(event["record_id"], event["end_reason"]) for event in events] == [(str(result.record_id), "expired")]


async def test_a_step_of_the_sweeper_holds_one_bucket_and_no_other(house: CatalogHouse) -> None:
    parties = [house.party() for _ in range(3)]
    await house.hand_in(*[house.draft(party) for party in parties])
    house.advance(days=366)
    buckets = {bucket for (bucket,) in house.sql("SELECT DISTINCT bucket FROM catalog.record")}
    assert len(buckets) > 1
    held = "SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = 7401 AND pid = pg_backend_pid()"
    async with await psycopg.AsyncConnection.connect(house.database.admin_dsn) as sweeping:
        for bucket in buckets:
            await sweeping.execute("SELECT catalog.sweep(%s::smallint, 500)", (bucket,))
            assert await (await sweeping.execute(held)).fetchall() == [(bucket,)]
            await sweeping.commit()
    assert house.sql("SELECT count(*) FROM catalog.record WHERE end_reason = 'expired'") == [(3,)]


async def test_a_bucket_of_more_than_a_step_is_swept_whole(
    house: CatalogHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.catalog.worker.STEP", 2)
    party = house.party()
    await house.hand_in(*[house.draft(party) for _ in range(5)], house.draft())
    house.advance(days=366)
    assert await house.sweeper().sweep() == 6
    assert await house.sweeper().sweep() == 0


async def test_a_party_sees_what_is_held_and_after_the_end_only_that_it_was(house: CatalogHouse) -> None:
    party = house.party()
    (result,) = await house.hand_in(house.draft(party))
    person = Person(identifier=party, name="样例")
    (shown,), _ = await house.reading.own_records(house.gateway, person, uuid4())
    assert shown.fields["party_name"].reveal() == "样例企业"
    await _withdraw(house, result.record_id)
    (shown,), _ = await house.reading.own_records(house.gateway, person, uuid4())
    assert shown.fields == {}
    assert shown.row["end_reason"] == "repaired"
    others, _ = await house.reading.own_records(house.gateway, Person(identifier=house.party(), name="样例"), uuid4())
    assert others == []


async def test_the_repair_office_gets_a_record_only_for_the_party_it_names(house: CatalogHouse) -> None:
    party = house.party()
    (result,) = await house.hand_in(house.draft(party))
    row, _ = await house.reading.record(house.repair, result.record_id, matter="m", about=party, query_id=uuid4())
    assert row["record_id"] == str(result.record_id)
    with pytest.raises(Refused) as refusal:
        await house.reading.record(house.repair, result.record_id, matter="m", about=house.party(), query_id=uuid4())
    assert refusal.value.reason is NOT_FOUND


async def test_a_ciphertext_copied_to_another_record_does_not_open(house: CatalogHouse) -> None:
    party, other = house.party(), house.party()
    one, two = await house.hand_in(house.draft(party), house.draft(other))
    with psycopg.connect(house.database.admin_dsn) as admin:
        admin.execute("SET session_replication_role = replica")  # no trigger stands in the attacker's way
        for table, column in (("record", "share_wrap"), ("record_text", "fields")):
            statement = f"""
                UPDATE catalog.{table} t SET {column} = s.{column} FROM catalog.{table} s
                WHERE t.record_id = %s AND s.record_id = %s"""
            admin.execute(statement.encode(), (one.record_id, two.record_id))
    with pytest.raises(OpenFailed):
        await house.sharing.report(house.context(), party, now=datetime.now(UTC))


async def test_the_destruction_of_a_months_key_is_journalled_once(house: CatalogHouse) -> None:
    await house.hand_in(house.draft())
    house.advance(days=366 * 6)
    sweeper = house.sweeper()
    for _ in range(2):
        await sweeper.sweep()
    ((destroyed,),) = house.sql(
        "SELECT count(*) FROM catalog.keyring WHERE name ~ '^share/' AND destroyed_at IS NOT NULL"
    )
    assert destroyed >= 1
    entries = house.sql("SELECT authority, decision FROM catalog.journal WHERE kind = 'Sweeper.DestroyKeys'")
    assert entries == [(house.repair.authority, "changed")]
