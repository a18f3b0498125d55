"""At the end of retention a record's fields, wraps and party go, not before, and no key opens them any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from typing import Any
from uuid import UUID

import psycopg
import pytest

from foundation.calendar import day_of
from foundation.crypto import Kek, KeyGone, OpenFailed, kek_name, open_dek
from foundation.db.migrate import READER, ROLES
from foundation.identity import Identifier
from services.catalog.sealing import Sealer
from tests.services.archive.desk import ArchiveDesk, refused_as
from tests.support.catalog_house import DEPLOYMENT

ROW = "SELECT row_to_json(r) FROM catalog.record r WHERE record_id = %s"


def _record(desk: ArchiveDesk, record_id: UUID) -> dict[str, Any]:
    return desk.house.sql(ROW, record_id)[0][0]


def _come_to(desk: ArchiveDesk, day: str, *, days: int = 0) -> None:
    """Let time pass until a day has begun in Asia/Shanghai, and `days` more."""
    [(ahead,)] = desk.house.sql(
        "SELECT (%s::date + %s)::timestamp AT TIME ZONE 'Asia/Shanghai' - catalog.house_now()", day, days
    )
    desk.house.advance(seconds=max(ahead, timedelta()).total_seconds())


async def test_a_record_is_erased_on_its_day_and_not_before(desk: ArchiveDesk) -> None:
    party = desk.house.party()
    record_id = await desk.ended(party)
    opening = await desk.approved(party)
    day = _record(desk, record_id)["erase_before"]
    _come_to(desk, day, days=-1)
    assert (await desk.eraser.sweep())["erase_records"] == 0
    assert _record(desk, record_id)["archive_wrap"] is not None
    desk.house.advance(days=1)
    assert (await desk.eraser.sweep())["erase_records"] == 1

    left = _record(desk, record_id)
    gone = ("subject_id", "archive_wrap", "share_wrap", "severity")
    assert {name: left[name] for name in gone} == dict.fromkeys(gone)
    assert left["document_tag"] == "\\x"
    assert (left["record_id"], left["end_reason"], left["provider"]) == (
        str(record_id),
        "repaired",
        desk.house.provider.authority,
    )
    assert left["ended_at"] < left["erased_at"]
    for table in ("subject", "subject_tag", "record_text", "record_number"):
        assert desk.house.sql(f"SELECT * FROM catalog.{table}") == []
    entries = desk.house.sql("SELECT kind, authority, decision FROM catalog.journal WHERE purpose = 'erasure'")
    assert ("Eraser.EraseRecords", desk.house.repair.authority, "changed") in entries
    assert (await desk.eraser.sweep())["erase_records"] == 0
    assert await refused_as(desk.open(opening)) == "ARCHIVE_OPENING_STATE"
    assert await desk.open(await desk.approved(party)) == []


@pytest.mark.parametrize("reason", ["repaired", "objection_upheld", "listing_closed"])
async def test_what_ended_is_kept_as_long_for_whatever_reason_it_ended(desk: ArchiveDesk, reason: str) -> None:
    record_id = await desk.ended(desk.house.party(), reason=reason)
    desk.house.advance(days=365)
    assert (await desk.eraser.sweep())["erase_records"] == 0
    assert _record(desk, record_id)["erased_at"] is None


async def test_the_day_is_the_items_retention_counted_by_the_database_and_names_the_key(desk: ArchiveDesk) -> None:
    record_id = await desk.ended(desk.house.party())
    row = _record(desk, record_id)
    [(months,)] = desk.house.sql("SELECT retention_months FROM catalog.item WHERE code = %s LIMIT 1", desk.house.item)
    [(expected,)] = desk.house.sql(
        "SELECT (%s::date + make_interval(months => %s))::date::text", row["determined_on"], months
    )
    assert row["erase_before"] == expected
    kept_last = datetime.fromisoformat(expected).date() - timedelta(days=1)
    assert kek_name(bytes.fromhex(row["archive_wrap"][2:])).split("/")[:2] == ["archive", str(kept_last.year)]


async def test_a_party_stays_while_a_record_of_it_stays(desk: ArchiveDesk) -> None:
    house, party = desk.house, desk.house.party()
    first = await desk.ended(party)
    house.advance(days=400)
    today = day_of(datetime.fromisoformat(str(house.sql("SELECT catalog.house_now()")[0][0])))
    later = await desk.ended(party, determined_on=today - timedelta(days=1), effective_on=today - timedelta(days=1))
    _come_to(desk, _record(desk, first)["erase_before"])
    assert (await desk.eraser.sweep())["erase_records"] == 1
    assert len(house.sql("SELECT 1 FROM catalog.subject")) == 1
    [shown] = await desk.open(await desk.approved(party))
    assert str(shown.row["record_id"]) == str(later)


async def test_after_it_no_key_opens_the_fields_also_not_those_of_a_copy_from_before(desk: ArchiveDesk) -> None:
    """The copy has the wraps and all KEKs wrapped; the provider no longer has what opens the year's KEK."""
    record_id = await desk.ended(desk.house.party())
    [(wrap, fields, version, subject_id)] = desk.house.sql(
        "SELECT archive_wrap, fields, version, subject_id"
        " FROM catalog.record JOIN catalog.record_text USING (bucket, record_id)"
    )
    copy = desk.house.sql("SELECT name, wrapped FROM catalog.keyring")
    place = Sealer(desk.keyring, DEPLOYMENT).place(record_id, version, subject_id)
    year = kek_name(bytes(wrap))
    assert open_dek(bytes(wrap), await desk.keyring.kek(year), place)

    _come_to(desk, _record(desk, record_id)["erase_before"])
    erased = await desk.eraser.sweep()
    assert erased["erase_records"] == 1
    assert year in desk.provider.list(), "the year is not over"
    _come_to(desk, f"{int(year.split('/')[1]) + 1}-01-01")
    assert (await desk.eraser.sweep())["keys"] >= 1
    assert year not in desk.provider.list()
    destroyed = desk.house.sql("SELECT destroyed_at IS NOT NULL FROM catalog.keyring WHERE name = %s", year)
    assert destroyed == [(True,)]
    assert desk.house.sql("SELECT 1 FROM catalog.journal WHERE kind = 'Eraser.DestroyKey'")

    now = desk.house.sql("SELECT name, wrapped FROM catalog.keyring")
    held: list[Kek] = []
    for name, wrapped in {*((n, bytes(w)) for n, w in copy), *((n, bytes(w)) for n, w in now)}:
        try:
            held.append(Kek(name, desk.provider.unwrap(name, wrapped)))
        except (KeyGone, OpenFailed):
            continue
    assert len(held) > 5
    tried = 0
    for kek, claimed in product(held, (year, *(kek.name for kek in held))):
        with pytest.raises(OpenFailed):
            open_dek(bytes(wrap), Kek(claimed, kek.key), place)
        tried += 1
    assert tried > len(held)
    assert desk.house.sql("SELECT 1 FROM catalog.record WHERE archive_wrap IS NOT NULL") == []
    assert desk.house.sql("SELECT 1 FROM catalog.record_text") == []
    assert fields is not None


async def test_a_year_whose_records_are_not_erased_keeps_its_key(desk: ArchiveDesk) -> None:
    record_id = await desk.ended(desk.house.party())
    year = kek_name(bytes.fromhex(_record(desk, record_id)["archive_wrap"][2:]))
    for early in ("UPDATE catalog.keyring SET destroyed_at = now() WHERE name = %s",):
        for role in ("catalog_eraser", "catalog_change", "catalog_worker"):
            with psycopg.connect(desk.house.database.dsn(role)) as connection, pytest.raises(psycopg.Error) as refused:
                connection.execute(early, (year,))  # type: ignore[arg-type]
            assert refused.value.sqlstate == "CX001"
    _come_to(desk, f"{int(year.split('/')[1]) + 1}-01-01")
    [(kept,)] = desk.house.sql("SELECT count(*) FROM catalog.keys_over() k WHERE k = %s", year)
    assert kept == 0


async def test_nobody_erases_early(desk: ArchiveDesk) -> None:
    """Not the eraser through its doors, which take no date; not the owner, whatever it writes."""
    record_id = await desk.ended(desk.house.party(), reason="objection_upheld")
    await desk.house.check(desk.house.party())
    arguments = [
        name
        for (names,) in desk.house.sql(
            "SELECT p.proargnames FROM pg_proc p WHERE p.pronamespace = 'catalog'::regnamespace"
            " AND starts_with(p.proname, 'erase_')"
        )
        for name in names
    ]
    assert set(arguments) == {"p_fingerprint", "p_most", "p_salt", "p_sealed"}
    for statement in (
        "UPDATE catalog.record SET erased_at = now(), subject_id = NULL, archive_wrap = NULL",
        "UPDATE catalog.record SET archive_wrap = NULL",
        "UPDATE catalog.record_text SET fields = ''",
        "DELETE FROM catalog.record_text",
        "TRUNCATE catalog.record_text",
        "UPDATE catalog.record SET erase_before = '2020-01-01'",
        "DELETE FROM catalog.record",
        "TRUNCATE catalog.record CASCADE",
        "DELETE FROM catalog.journal_private",
        "TRUNCATE catalog.journal_private",
    ):
        with pytest.raises(psycopg.Error) as refused:
            desk.house.sql(statement)
        assert refused.value.sqlstate == "CX001", statement
    assert _record(desk, record_id)["erased_at"] is None


LOGIN = [*ROLES["catalog"], READER]


@pytest.mark.parametrize("role", LOGIN)
async def test_the_erasers_role_alone_erases_and_has_no_other_right(desk: ArchiveDesk, role: str) -> None:
    await desk.ended(desk.house.party())
    with psycopg.connect(desk.house.database.dsn(role), autocommit=True) as connection:
        connection.execute("SET search_path = catalog")
        for statement in (
            "DELETE FROM journal_private",
            "UPDATE journal_private SET sealed = ''",
            "DELETE FROM disclosure",
            "DELETE FROM record",
            "DELETE FROM record_text",
            "UPDATE record_text SET fields = ''",
            "UPDATE record SET archive_wrap = NULL",
            "DELETE FROM subject",
            "UPDATE retention SET period = interval '1 month'",
            "INSERT INTO retention VALUES ('dossier', interval '1 month')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)  # type: ignore[arg-type]
        for door in ("erase_records", "erase_ledger", "erase_private"):
            call = f"SELECT {door}(%s, 500, '\\x01', '\\x01')"
            if role == "catalog_eraser":
                assert connection.execute(call, (desk.house.repair.fingerprint,)).fetchone() == (0,)
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(call, (desk.house.repair.fingerprint,))


async def test_only_an_office_erases(desk: ArchiveDesk) -> None:
    record_id = await desk.ended(desk.house.party())
    _come_to(desk, _record(desk, record_id)["erase_before"])
    with (
        psycopg.connect(desk.house.database.dsn("catalog_eraser"), options="-c search_path=catalog") as connection,
        pytest.raises(psycopg.Error, match="only an office erases"),
    ):
        connection.execute("SELECT erase_records(%s, 500, '\\x01', '\\x01')", (desk.auditor.fingerprint,))
    assert _record(desk, record_id)["erased_at"] is None


async def test_where_the_law_is_not_loaded_nothing_is_over(desk: ArchiveDesk) -> None:
    await desk.ended(desk.house.party())
    desk.house.sql("DELETE FROM catalog.retention")
    desk.house.advance(days=366 * 50)
    erased = await desk.eraser.sweep()
    assert (erased["erase_private"], erased["erase_ledger"]) == (0, 0)


# The ledger and the journal ---------------------------------------------------------------------------------------------


async def _received(desk: ArchiveDesk, party: Identifier, *, acknowledged: bool) -> UUID:
    """A record that the consumer received and that was withdrawn."""
    house = desk.house
    (result,) = await house.hand_in(house.draft(party))
    assert result.record_id is not None
    assert (await house.check(party)).found
    await house.records.withdraw(
        house.repair, record_id=result.record_id, record_number="", reason="repaired", matter="样例"
    )
    if acknowledged:
        await house.sharing.acknowledge(house.consumer, result.record_id)
    return result.record_id


async def test_the_ledger_goes_after_its_retention_when_everybody_has_acknowledged(desk: ArchiveDesk) -> None:
    house = desk.house
    told = await _received(desk, house.party(), acknowledged=True)
    silent = await _received(desk, house.party(), acknowledged=False)
    _come_to(desk, _record(desk, told)["erase_before"])
    assert (await desk.eraser.sweep())["erase_ledger"] == 0, "kept as long as the journal"
    house.advance(days=60)
    assert (await desk.eraser.sweep())["erase_ledger"] == 1
    assert house.sql("SELECT record_id FROM catalog.disclosure") == [(silent,)]
    assert house.sql("SELECT 1 FROM catalog.acknowledgement") == []
    with pytest.raises(psycopg.Error, match="ledger is kept"):
        house.sql("DELETE FROM catalog.disclosure")
    await house.sharing.acknowledge(house.consumer, silent)
    assert (await desk.eraser.sweep())["erase_ledger"] == 1


async def test_private_parts_go_after_their_retention_and_the_entries_stay(desk: ArchiveDesk) -> None:
    house, party = desk.house, desk.house.party()
    await house.check(party)
    entries = house.sql("SELECT count(*) FROM catalog.journal")
    house.advance(days=5 * 365)
    assert (await desk.eraser.sweep())["erase_private"] == 0
    house.advance(days=3)
    assert await refused_as(house.check(party)) == "NOT_GRANTED"
    private = house.sql("SELECT count(*) FROM catalog.journal_private")[0][0]
    assert (await desk.eraser.sweep())["erase_private"] == private - 1
    [(kept,)] = house.sql(
        "SELECT count(*) FROM catalog.journal_private p JOIN catalog.journal j USING (bucket, entry_id)"
        " WHERE j.purpose <> 'erasure'"
    )
    assert kept == 1
    assert house.sql("SELECT count(*) FROM catalog.journal")[0][0] > entries[0][0]


async def test_the_journals_key_is_destroyed_when_its_year_is_over_and_kept_for_long_enough(desk: ArchiveDesk) -> None:
    house = desk.house
    await house.check(house.party())
    [(name, wrapped)] = house.sql("SELECT name, wrapped FROM catalog.keyring WHERE starts_with(name, 'journal/')")
    _come_to(desk, f"{int(name.split('/')[1]) + 6}-01-01", days=-1)
    await desk.eraser.sweep()
    assert name in desk.provider.list()
    house.advance(days=2)
    await desk.eraser.sweep()
    assert name not in desk.provider.list()
    with pytest.raises(KeyGone):
        desk.provider.unwrap(name, bytes(wrapped))
