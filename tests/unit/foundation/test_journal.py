"""The journal: an entry is there exactly when its transaction is, can't be changed, proves itself, can be found."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
import pytest_asyncio

from foundation.access import Caller
from foundation.crypto import FileKeyProvider, Keyring, OpenFailed
from foundation.db import Database
from foundation.identity import Identifier, IdentifierKind, canonicalise, uscc_check_character
from foundation.journal import Entry, Journal, JournalReader, Receipt
from foundation.journal.writer import NO_SUBJECT
from foundation.personal import Personal
from tests.support.databases import SchemaDatabase

CALLER = Caller(authority="91430100MA0000001X", system="queries", fingerprint=bytes(range(32)))
OFFICIAL, MATTER = "样例官员甲", "样例〔2026〕第77号"


def party(number: int) -> Identifier:
    """A sample company that does not exist."""
    first = f"91430100{number:09d}"
    return canonicalise(IdentifierKind.USCC, first + uscc_check_character(first), today=date(2026, 6, 1))


@dataclass
class Journalled:
    """An office's journal, and those who look at it."""

    database: SchemaDatabase
    office: Database
    journal: Journal
    reader: JournalReader

    async def write(self, **values: Any) -> Receipt:
        """One entry in a transaction of its own."""
        async with self.office.transaction() as tx:
            return await self.journal.write(tx, entry(**values))

    async def write_and_undo(self, **values: Any) -> None:
        """One entry in a transaction that does not commit."""
        with contextlib.suppress(KeyError):
            async with self.office.transaction() as tx:
                await self.journal.write(tx, entry(**values))
                raise KeyError

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Run SQL as the operator."""
        with psycopg.connect(self.database.admin_dsn, options="-c search_path=repair") as admin:
            cursor = admin.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def row(self, receipt: Receipt) -> dict[str, Any]:
        """An entry, public and private part."""
        ((row,),) = self.sql(
            "SELECT jsonb_build_object('digest', encode(digest, 'hex'), 'commitment', encode(commitment, 'hex'),"
            " 'salt', encode(salt, 'hex'), 'sealed', encode(sealed, 'hex'), 'items', items, 'bucket', j.bucket,"
            " 'tag', encode(subject_tag, 'hex'),"
            " 'asker', encode(officer_tag, 'hex'), 'at', j.at, 'as_of', j.as_of, 'xid', j.xid, 'door', j.door)"
            " FROM journal j JOIN journal_private p USING (bucket, entry_id) WHERE entry_id = %s",
            receipt.entry_id,
        )
        return row


def entry(**values: Any) -> Entry:
    """A look at a party."""
    return Entry(
        **{
            "kind": "RepairService.CheckEligibility",
            "caller": CALLER,
            "purpose": "licence.review",
            "matter": MATTER,
            "officer": OFFICIAL,
            "subject": party(1),
            "items": ("cn.penalty", "cn.list.wages"),
            "disclosed": ("a:1:facts,legal_basis", "b:2:"),
            **values,
        }
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def journalled(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Journalled]:
    """The journal of an office."""
    database = schema_db("repair")
    office = database.open("repair_app", pool=2)
    keys: Path = tmp_path_factory.mktemp("journal") / "keys"
    keyring = Keyring(FileKeyProvider.initialise(keys), office)
    yield Journalled(database, office, Journal(keyring, "repair"), JournalReader(keyring))
    await keyring.close()
    await office.close()


async def test_an_entry_is_there_exactly_when_its_transaction_is(journalled: Journalled) -> None:
    query_id = uuid4()
    await journalled.write_and_undo(query_id=query_id)
    count = "SELECT count(*) FROM journal WHERE query_id = %s"
    assert journalled.sql(count, query_id) == [(0,)]
    await journalled.write(query_id=query_id)
    assert journalled.sql(count, query_id) == [(1,)]
    assert journalled.sql(
        "SELECT count(*) FROM journal_private p LEFT JOIN journal j USING (bucket, entry_id) WHERE j.xid IS NULL"
    ) == [(0,)]


async def test_a_number_of_the_door_that_was_rolled_back_stays_missing(journalled: Journalled) -> None:
    """What looked and undid its entry leaves a gap behind."""
    first = await journalled.write()
    await journalled.write_and_undo()
    second = await journalled.write()
    ((low,), (high,)) = journalled.sql(
        "SELECT door_no FROM journal WHERE entry_id IN (%s, %s) ORDER BY door_no", first.entry_id, second.entry_id
    )
    assert high - low == 2


async def test_time_transaction_and_door_are_stamped_where_the_entry_is_written(journalled: Journalled) -> None:
    before = datetime.now(UTC)
    async with journalled.office.transaction() as tx:
        receipt = await journalled.journal.write(tx, entry())
        xid = (await tx.one("SELECT pg_current_xact_id()::text AS xid")).xid
        started = tx.now
    row = journalled.row(receipt)
    assert (row["xid"], row["door"]) == (xid, "journal_write")
    assert datetime.fromisoformat(row["at"]) == datetime.fromisoformat(row["as_of"]) == receipt.as_of
    assert before < started <= receipt.as_of < datetime.now(UTC)


@pytest.mark.parametrize("role", ["repair_app", "audit_reader"])
@pytest.mark.parametrize("table", ["journal", "journal_private"])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {} OVERRIDING SYSTEM VALUE SELECT * FROM {}",
        "UPDATE {} SET bucket = 0",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "DROP TABLE {}",
    ],
)
async def test_no_office_touches_what_is_written(journalled: Journalled, role: str, table: str, statement: str) -> None:
    with (
        psycopg.connect(journalled.database.dsn(role), options="-c search_path=repair") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.replace("{}", table))  # type: ignore[arg-type]


@pytest.mark.parametrize("statement", ["UPDATE journal SET purpose = ''", "DELETE FROM journal", "TRUNCATE journal"])
async def test_the_journal_is_append_only_for_its_owner_too(journalled: Journalled, statement: str) -> None:
    await journalled.write()
    with pytest.raises(psycopg.Error, match="append-only") as caught:
        journalled.sql(f"SET LOCAL ROLE repair_owner; {statement}")
    assert caught.value.sqlstate == "CX001"


async def test_the_digest_is_of_the_salt_and_of_what_was_shown_in_its_order(journalled: Journalled) -> None:
    shown = ("a:1:facts,legal_basis", "b:2:", "c:1:事实")
    receipt = await journalled.write(disclosed=shown)
    row = journalled.row(receipt)
    salt = bytes.fromhex(row["salt"])
    assert len(salt) == 16
    assert receipt.digest == bytes.fromhex(row["digest"]) == hashlib.sha256(salt + "\n".join(shown).encode()).digest()
    assert receipt.digest != hashlib.sha256(salt + "\n".join(reversed(shown)).encode()).digest()


async def test_two_who_were_shown_the_same_do_not_have_the_same_digest(journalled: Journalled) -> None:
    one, other = await journalled.write(), await journalled.write()
    assert one.digest != other.digest


async def test_the_commitment_binds_the_private_part(journalled: Journalled) -> None:
    row = journalled.row(await journalled.write(items=("cn.penalty", "cn.list.wages")))
    salt, sealed = bytes.fromhex(row["salt"]), bytes.fromhex(row["sealed"])
    parts = [sealed, bytes.fromhex(row["tag"] or ""), bytes.fromhex(row["asker"] or ""), b""]
    committed = salt + b"".join(len(part).to_bytes(4, "big") + part for part in parts) + b"cn.penalty\ncn.list.wages"
    assert bytes.fromhex(row["commitment"]) == hashlib.sha256(committed).digest()


async def test_the_private_part_opens_for_who_may_and_only_where_it_was_written(journalled: Journalled) -> None:
    one, other = [journalled.row(await journalled.write(officer=official)) for official in (OFFICIAL, "样例官员乙")]
    salt, sealed = bytes.fromhex(one["salt"]), bytes.fromhex(one["sealed"])
    opened = await journalled.reader.open(salt, sealed)
    assert (opened.officer, opened.matter) == (Personal(OFFICIAL), Personal(MATTER))
    with pytest.raises(OpenFailed):
        await journalled.reader.open(salt, bytes.fromhex(other["sealed"]))
    with pytest.raises(OpenFailed):
        await journalled.reader.open(salt, sealed[:-1] + bytes([sealed[-1] ^ 1]))


async def test_a_private_part_of_any_year_opens(journalled: Journalled) -> None:
    """An entry may be sealed in the last instant of a year and written in the first of the next."""
    private = await journalled.journal.private_part(party(1), OFFICIAL, MATTER, at=datetime(2025, 1, 1, tzinfo=UTC))
    assert (await journalled.reader.open(private.salt, private.sealed)).officer.reveal() == OFFICIAL


async def test_who_looked_at_a_party_is_found_by_its_tag(journalled: Journalled) -> None:
    subject = party(2)
    receipts = [await journalled.write(subject=subject) for _ in range(2)]
    await journalled.write(subject=party(3))
    found = journalled.sql(
        "SELECT entry_id FROM journal_private WHERE bucket = %s AND subject_tag = %s ORDER BY entry_id",
        await journalled.reader.bucket(subject),
        await journalled.reader.tag(subject),
    )
    assert [entry_id for (entry_id,) in found] == [receipt.entry_id for receipt in receipts]


async def test_an_entry_about_nobody_has_no_tag(journalled: Journalled) -> None:
    row = journalled.row(await journalled.write(subject=None))
    assert (row["bucket"], row["tag"]) == (NO_SUBJECT, None)


async def test_no_personal_value_stands_in_an_entry(journalled: Journalled) -> None:
    receipt = await journalled.write()
    ((text,),) = journalled.sql(
        "SELECT j::text || p::text FROM journal j JOIN journal_private p USING (bucket, entry_id) WHERE entry_id = %s",
        receipt.entry_id,
    )
    for value in (OFFICIAL, MATTER, party(1).value.reveal()):
        for encoded in (value.encode(), value.encode("utf-16-le"), value.encode("gb18030")):
            assert encoded.hex() not in text
            assert hashlib.sha256(encoded).hexdigest() not in text
        assert value not in text


async def test_what_a_caller_chose_stands_as_given(journalled: Journalled) -> None:
    query_id, grant_id = uuid4(), uuid4()
    receipt = await journalled.write(query_id=query_id, attempt=3, grant_id=grant_id)
    assert receipt.source == "repair"
    ((*row,),) = journalled.sql(
        "SELECT kind, query_id, attempt, authority, fingerprint, purpose, grant_id, decision, reason FROM journal"
        " WHERE entry_id = %s",
        receipt.entry_id,
    )
    expected: list[str | int | UUID | bytes] = ["RepairService.CheckEligibility", query_id, 3, CALLER.authority]
    assert row == [*expected, CALLER.fingerprint, "licence.review", grant_id, "answered", ""]


@pytest.mark.parametrize(("decision", "reason"), [("refused", ""), ("answered", "NOT_GRANTED"), ("forgotten", "")])
async def test_a_refusal_has_a_reason_and_nothing_else_has(journalled: Journalled, decision: str, reason: str) -> None:
    with pytest.raises(Exception, match="check constraint"):
        await journalled.write(decision=decision, reason=reason)
