"""What an attacker with all rights on the database can make of stored ciphertexts: refusals, and nothing wrong.

What associated data can't show (whole rows put back, plain columns changed) is tested as what it is, and said in
docs/threats.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from foundation.crypto import OpenFailed
from foundation.crypto.layout import unpack
from foundation.db.database import HOUSE_RULE
from services.catalog.office.sharing import SharingOffice
from tests.services.catalog.drafts import giving, lawful
from tests.services.catalog.office import CatalogOffice, context, identifier
from tests.support.catalog_house import CatalogHouse, uscc
from tests.support.identities import RefusedByOffice

UNREADABLE = "STORED_DATA_UNREADABLE"
NEEDLE = "样例事实甲"


def sealed_at(packed: bytes, column: str) -> tuple[int, int]:
    """Where the ciphertext of a column stands in a packed record, tag and all."""
    (text,) = unpack(packed, [column]).texts
    return packed.index(text), packed.index(text) + len(text)


def nonce_at(packed: bytes, column: str) -> tuple[int, int]:
    """Where its nonce stands."""
    (nonce,) = unpack(packed, [column]).nonces
    return packed.index(nonce), packed.index(nonce) + len(nonce)


@dataclass
class Vault:
    """Records of one party and the superuser's hand on their rows."""

    office: CatalogOffice
    admin: psycopg.Connection[Any]
    serial: int = 7_400_000

    async def record(self, **values: str) -> tuple[Any, str]:
        """A record about a new party."""
        self.serial += 1
        party = identifier(uscc(self.serial))
        (record_id,) = await self.office.record(lawful(giving("facts", values.get("facts", NEEDLE)), party=party.value))
        return party, record_id

    def get(self, record_id: str, column: str) -> Any:
        """One column of a record's row, or its texts."""
        statement = f"SELECT {column} FROM record JOIN record_text USING (bucket, record_id) WHERE record_id = %s"
        row = self.admin.execute(statement.encode(), (record_id,)).fetchone()
        assert row is not None
        return bytes(row[0]) if isinstance(row[0], memoryview) else row[0]

    def put(self, record_id: str, **values: Any) -> None:
        """Change a record's row and its texts; no trigger stands in the attacker's way."""
        with self.admin.transaction():
            self.admin.execute("SET LOCAL session_replication_role = replica")
            for table, columns in (
                ("record", {*values} - {"fields"}),
                ("record_text", {*values} & {"fields", "bucket"}),
            ):
                if columns:
                    given = ", ".join(f"{column} = %({column})s" for column in columns)
                    statement = f"UPDATE {table} SET {given} WHERE record_id = %(record_id)s"
                    self.admin.execute(statement.encode(), {**values, "record_id": record_id})

    async def shown(self, party: Any) -> dict[str, str]:
        """The fields that a report shows of the party's one record. Raises RefusedByOffice."""
        request = sharing_pb2.GetCreditReportRequest(context=context(), subject=party)
        report = await self.office.ask("consumer", "GetCreditReport", request)
        (record,) = report.records
        return {field.name: field.value for field in record.fields}

    async def shown_if_readable(self, party: Any) -> dict[str, str]:
        """The same; nothing where it is refused as unreadable."""
        try:
            return await self.shown(party)
        except RefusedByOffice as refused:
            if refused.reason != UNREADABLE:
                raise
            return {}

    async def assert_unreadable(self, party: Any) -> None:
        """A report is refused, journalled, and logged without content."""
        before = self.office.last_entry()
        with pytest.raises(RefusedByOffice) as refused:
            await self.shown(party)
        assert refused.value.reason == UNREADABLE
        assert NEEDLE not in refused.value.text
        assert self.office.entries_after(before)[-1][2:] == ("refused", UNREADABLE)


@pytest_asyncio.fixture(loop_scope="session")
async def vault(office: CatalogOffice) -> AsyncIterator[Vault]:
    with psycopg.connect(office.database.admin_dsn, options="-c search_path=catalog", autocommit=True) as admin:
        yield Vault(office, admin, 7_400_000 + office.last_entry())
    log = office.process.log
    assert NEEDLE not in log


def flips(content: bytes, start: int, end: int) -> Iterator[bytes]:
    """The content with each bit between two places turned."""
    for bit in range(start * 8, end * 8):
        altered = bytearray(content)
        altered[bit // 8] ^= 1 << bit % 8
        yield bytes(altered)


async def test_no_bit_of_a_stored_field_can_be_turned_unseen(vault: Vault) -> None:
    party, record_id = await vault.record()
    whole = vault.get(record_id, "fields")
    assert (await vault.shown(party))["facts"] == NEEDLE
    stored = [*flips(whole, *sealed_at(whole, "facts")), *flips(whole, *nonce_at(whole, "facts"))]
    for altered in stored:
        vault.put(record_id, fields=altered)
        with pytest.raises(RefusedByOffice) as refused:
            await vault.shown(party)
        assert refused.value.reason == UNREADABLE
    vault.put(record_id, fields=whole)
    assert (await vault.shown(party))["facts"] == NEEDLE


async def test_no_bit_of_a_wrap_can_be_turned_unseen(vault: Vault) -> None:
    party, record_id = await vault.record()
    wrap = vault.get(record_id, "share_wrap")
    for altered in flips(wrap, 0, len(wrap)):
        vault.put(record_id, share_wrap=altered)
        with pytest.raises(RefusedByOffice) as refused:
            await vault.shown(party)
        assert refused.value.reason == UNREADABLE
    vault.put(record_id, share_wrap=wrap)
    assert (await vault.shown(party))["facts"] == NEEDLE


async def test_whatever_bit_of_a_packed_record_is_turned_nothing_wrong_is_shown(vault: Vault) -> None:
    party, record_id = await vault.record()
    whole, right = vault.get(record_id, "fields"), await vault.shown(party)
    everywhere = [*flips(whole, 0, len(whole))]
    for altered in everywhere[:: max(1, len(everywhere) // 400)]:
        vault.put(record_id, fields=altered)
        # A field whose name was hit is missing: docs/formats.md says that a field can be deleted.
        assert (await vault.shown_if_readable(party)).items() <= right.items()
    vault.put(record_id, fields=whole)


async def test_a_ciphertext_cut_emptied_or_made_longer_is_refused(vault: Vault) -> None:
    party, record_id = await vault.record()
    whole, wrap = vault.get(record_id, "fields"), vault.get(record_id, "share_wrap")
    for cut in (b"", whole[:-1], whole[: len(whole) // 2], whole + b"\0", b"\0" + whole):
        vault.put(record_id, fields=cut)
        await vault.assert_unreadable(party)
    vault.put(record_id, fields=whole)
    for cut in (b"", wrap[:1], wrap[:3], wrap[:-1], wrap[:-32], wrap + b"\0", b"\xff" * 40):
        vault.put(record_id, share_wrap=cut)
        await vault.assert_unreadable(party)


async def test_ciphertexts_swapped_between_rows_are_refused_with_and_without_their_wraps(vault: Vault) -> None:
    party, one = await vault.record()
    other_party, other = await vault.record(facts="样例事实乙")
    columns = ("fields", "share_wrap", "archive_wrap")
    mine, theirs = ({name: vault.get(each, name) for name in columns} for each in (one, other))
    for moved in (("fields",), ("share_wrap",), ("fields", "share_wrap"), columns):
        vault.put(one, **(mine | {name: theirs[name] for name in moved}))
        await vault.assert_unreadable(party)
        assert (await vault.shown(other_party))["facts"] == "样例事实乙"
        vault.put(one, **mine)


async def test_a_record_whose_texts_were_taken_away_is_refused(vault: Vault) -> None:
    party, record_id = await vault.record()
    vault.admin.execute("SET session_replication_role = replica")
    vault.admin.execute("DELETE FROM record_text WHERE record_id = %s", (record_id,))
    await vault.assert_unreadable(party)


async def test_a_ciphertext_swapped_with_another_column_of_its_own_row_is_refused(vault: Vault) -> None:
    party, record_id = await vault.record(facts="样例企业")
    whole = vault.get(record_id, "fields")
    (a, b), (c, d) = sorted((sealed_at(whole, "facts"), sealed_at(whole, "party_name")))
    assert b - a == d - c
    vault.put(record_id, fields=whole[:a] + whole[c:d] + whole[b:c] + whole[a:b] + whole[d:])
    await vault.assert_unreadable(party)


async def test_a_field_of_another_version_is_refused(vault: Vault) -> None:
    party, record_id = await vault.record()
    version, wrap = vault.get(record_id, "version"), vault.get(record_id, "share_wrap")
    for other in (version + 1, version + 2**32):
        vault.put(record_id, version=other)
        await vault.assert_unreadable(party)
    vault.put(record_id, version=version, share_wrap=wrap)
    assert (await vault.shown(party))["facts"] == NEEDLE


async def test_the_archive_s_wrap_does_not_open_a_record_for_departments(vault: Vault) -> None:
    party, record_id = await vault.record()
    request = record_pb2.WithdrawRecordRequest(
        record_id=record_id, reason=record_pb2.END_REASON_REPAIRED, matter="样例"
    )
    await vault.office.ask("provider", "WithdrawRecord", request)
    archive = vault.get(record_id, "archive_wrap")
    vault.put(record_id, ended_at=None, end_reason=None, share_wrap=archive)
    await vault.assert_unreadable(party)


async def test_a_record_moved_to_another_party_shows_no_text_there(vault: Vault) -> None:
    party, record_id = await vault.record()
    victim, other = await vault.record()
    stead = {name: vault.get(other, name) for name in ("bucket", "subject_id")}
    vault.admin.execute("SET session_replication_role = replica")  # no trigger stands in the attacker's way
    vault.admin.execute("DELETE FROM record WHERE record_id = %s", (other,))
    vault.admin.execute("DELETE FROM record_text WHERE record_id = %s", (other,))
    vault.put(record_id, **stead)
    await vault.assert_unreadable(victim)
    # What no ciphertext binds is not protected by one: yes or no comes from the row. docs/threats.md says so.
    assert (await vault.office.check(victim)).found
    assert not (await vault.office.check(party)).found


async def test_a_record_of_another_deployment_does_not_open(house: CatalogHouse) -> None:
    party = house.party()
    await house.hand_in(house.draft(party))
    assert (await house.report(party))[0].fields
    elsewhere = SharingOffice(
        house.answering, dataclasses.replace(house.sealer, deployment="elsewhere"), house.sharing._journal
    )
    house.sharing = elsewhere
    with pytest.raises(OpenFailed):
        await house.report(party)


async def test_an_unknown_suite_or_format_is_refused_like_everything_else(vault: Vault) -> None:
    party, record_id = await vault.record()
    wrap = vault.get(record_id, "share_wrap")
    for head in (b"\x01\x00", b"\x01\x03", b"\x01\xff", b"\x00\x01", b"\x02\x01"):
        vault.put(record_id, share_wrap=head + wrap[2:])
        await vault.assert_unreadable(party)


async def test_a_wrap_that_names_another_key_or_no_key_is_refused(vault: Vault) -> None:
    party, record_id = await vault.record()
    wrap = vault.get(record_id, "share_wrap")
    length = wrap[2]
    for name in (b"journal/2026", b"bucket", b"share/1999-01", b"../../root", b"\xff" * 5, b""):
        vault.put(record_id, share_wrap=wrap[:2] + bytes([len(name)]) + name + wrap[3 + length :])
        await vault.assert_unreadable(party)


async def test_a_whole_row_put_back_opens_again_and_is_contradicted_by_what_left_the_house(vault: Vault) -> None:
    party, record_id = await vault.record()
    saved = {name: vault.get(record_id, name) for name in ("share_wrap", "ended_at", "end_reason")}
    request = record_pb2.WithdrawRecordRequest(
        record_id=record_id, reason=record_pb2.END_REASON_REPAIRED, matter="样例"
    )
    assert (await vault.office.check(party)).found
    before = vault.office.last_entry()
    await vault.office.ask("provider", "WithdrawRecord", request)
    assert not (await vault.office.check(party)).found
    vault.put(record_id, **saved)
    # The row alone does not know that it was put back...
    assert (await vault.office.check(party)).found
    # ...but the withdrawal is in the journal, which the log holds, and in the feed that its receivers have read.
    kinds = [(entry[0], entry[2]) for entry in vault.office.entries_after(before)]
    assert ("RecordService.WithdrawRecord", "changed") in kinds
    (tombstones,) = vault.admin.execute(
        "SELECT count(*) FROM change_event WHERE record_id = %s AND kind = 'withdrawn'", (record_id,)
    ).fetchone()  # type: ignore[misc]
    assert tombstones == 1


async def test_no_login_role_can_do_any_of_this(vault: Vault) -> None:
    _, record_id = await vault.record()
    for role in ("catalog_answer", "catalog_change", "catalog_worker"):
        with psycopg.connect(
            vault.office.database.dsn(role), options="-c search_path=catalog", autocommit=True
        ) as login:
            for statement in (
                "SELECT fields FROM record_text",
                "UPDATE record_text SET fields = ''",
                "DELETE FROM record_text",
                "UPDATE record SET ended_at = NULL",
                "DELETE FROM record",
                "INSERT INTO record SELECT * FROM record",
                "UPDATE journal SET reason = ''",
                "DELETE FROM journal",
                "TRUNCATE journal",
                "ALTER TABLE journal DISABLE TRIGGER ALL",
                "SET ROLE catalog_owner",
                "UPDATE enrolment SET roles = '{steward}'",
                "UPDATE enrolment SET revoked_at = NULL",
                "UPDATE access_grant SET authority = 'x'",
                "DELETE FROM access_grant",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    login.execute(statement)  # type: ignore[arg-type]
    assert vault.get(record_id, "ended_at") is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_grant SET revoked_at = NULL, revoked_by = NULL",
        "UPDATE access_grant SET ends_at = ends_at + interval '1 day' WHERE days = 30",
        "UPDATE access_grant SET starts_at = starts_at - interval '1 day' WHERE approved_by IS NOT NULL",
        "UPDATE access_grant SET approved_by = decode(md5('another'), 'hex') WHERE approved_by IS NOT NULL",
        "UPDATE access_grant SET approval = 'x' WHERE approved_by IS NOT NULL",
        "INSERT INTO access_grant (grant_id, authority, purpose, item_codes, field_names, days, said, requested_by,"
        " approved_by, approval, starts_at, ends_at) SELECT gen_random_uuid(), authority, purpose, item_codes,"
        " field_names, days, said, requested_by, approved_by, approval, now(), now() + interval '1 day'"
        " FROM access_grant",
    ],
)
async def test_a_login_role_that_may_write_grants_revives_prolongs_and_forges_none(
    house: CatalogHouse, statement: str
) -> None:
    (granted,) = await house.access.list(house.consumer)
    if "revoked" in statement:
        house.sql("UPDATE catalog.access_grant SET revoked_at = now(), revoked_by = requested_by")
    with (
        psycopg.connect(
            house.database.dsn("catalog_change"), options="-c search_path=catalog", autocommit=True
        ) as login,
        pytest.raises(psycopg.Error) as refused,
    ):
        login.execute(statement)  # type: ignore[arg-type]
    assert refused.value.sqlstate == HOUSE_RULE
    assert len(await house.access.list(house.consumer)) == 1
    assert granted.row.grant_id
