"""Private parts lie in volumes: the next is there in time, and one goes whole when all in it is over, not before."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from chengxin.proofs import verify_receipt
from foundation.db.migrate import READER, ROLES
from foundation.erasure import Eraser
from services.audit.domain.access import Search
from tests.services.archive.erasers import eraser
from tests.services.audit.journals import DEPARTMENT, PARTY, VKEY, Journals
from tests.support.databases import SchemaDatabase

OVER = "5 years 1 month"
FINGERPRINT = hashlib.sha256(b"office").digest()
DROP = "SELECT drop_private(%s, '\\x01', '\\x01')"
ERASE = "SELECT erase_private(%s, 500, '\\x01', '\\x01')"


@dataclass
class Volumes:
    """A repair office's journal in volumes of ten entries, its log, and its eraser."""

    journals: Journals
    eraser: Eraser

    def sql(self, statement: str, *values: object) -> list[Any]:
        """Run SQL as the operator."""
        with self.journals.admin("repair") as admin:
            cursor = admin.execute(statement, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def door(self, call: str) -> int:
        """Go through a door as the eraser's role."""
        with self.as_eraser() as connection:
            row = connection.execute(call, (FINGERPRINT,) if "%s" in call else ()).fetchone()  # type: ignore[arg-type]
        assert row is not None
        return row[0]

    @contextmanager
    def as_eraser(self) -> Iterator[psycopg.Connection]:
        """A connection of the eraser's role."""
        dsn = self.journals.database.dsn("repair_eraser")
        with psycopg.connect(dsn, options="-c search_path=repair") as connection:
            yield connection

    async def look(self, times: int) -> list[int]:
        """So many entries about the party; gives their ids."""
        return [(await self.journals.look(matter=f"T-{number}")).entry_id for number in range(times)]

    def come_to(self, ahead: str) -> None:
        """Let the house's time be ahead of the real one by so much."""
        self.sql("UPDATE clock_offset SET ahead = %s::interval", ahead)

    def private(self) -> list[int]:
        """The ids of the private parts about the party that are there."""
        rows = self.sql("SELECT entry_id FROM journal_private WHERE subject_tag IS NOT NULL ORDER BY entry_id")
        return [entry_id for (entry_id,) in rows]

    def ranges(self) -> list[tuple[int, int]]:
        """The volumes' first ids and those after their last."""
        return self.sql("SELECT first_id, end_id FROM private_volume ORDER BY first_id")


@pytest_asyncio.fixture
async def volumes(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Volumes]:
    """Volumes of ten entries, three ahead; nothing is left to go whole."""
    journals = Journals(schema_db("audit", "repair", sample=True), tmp_path / "keys")
    async with eraser(journals.database, "repair", tmp_path / "keys" / "repair", FINGERPRINT) as erasing:
        made = Volumes(journals, erasing)
        for (volume,) in made.sql("SELECT volume::text FROM private_volume"):
            made.sql(f"DROP TABLE {volume}")
        made.sql("UPDATE private_plan SET entries = 10, ahead = 3, waits = '0'")
        made.sql(
            "INSERT INTO enrolment VALUES (%s, 'spiffe://test', %s, 'repair', '{office}', now() + interval '1 day')",
            FINGERPRINT,
            DEPARTMENT,
        )
        assert made.door("SELECT make_private_volumes()") == 3
        yield made
    await journals.close()


async def test_a_volume_that_is_over_goes_whole_and_entries_and_proofs_stay(volumes: Volumes) -> None:
    journals = volumes.journals
    named = [await journals.look(matter=f"T-{number}") for number in range(13)]
    sequencer = journals.sequencer()
    await sequencer.round()
    before = [await journals.prover.receipt("repair", one.entry_id, one.digest) for one in named]
    volumes.come_to(OVER)
    swept = await volumes.eraser.sweep()
    assert (swept["drop_private"], swept["erase_private"]) == (10, 3)
    assert (volumes.private(), volumes.ranges()[0]) == ([], (11, 21))
    [(journalled,)] = volumes.sql(
        "SELECT j.digest = disclosure_digest(p.salt, '{1-10:10:private}') FROM journal j JOIN journal_private p"
        " USING (bucket, entry_id) WHERE j.kind = 'Eraser.DropPrivateParts' AND j.purpose = 'erasure'"
    )
    assert journalled
    await sequencer.round()
    journals.assert_append_only()
    for one, (text, entry) in zip(named, before, strict=True):
        assert verify_receipt(text, VKEY, entry)
        anew, same_entry = await journals.prover.receipt("repair", one.entry_id, one.digest)
        assert same_entry == entry
        assert verify_receipt(anew, VKEY, entry)
    assert (await volumes.eraser.sweep())["drop_private"] == 0


@pytest.mark.parametrize("young", [1, 5, 10])
async def test_a_volume_with_an_entry_one_day_too_young_stays(volumes: Volumes, young: int) -> None:
    """Wherever it stands: time and number need not have the same order."""
    await volumes.look(11)
    volumes.sql(
        "SET session_replication_role = replica; UPDATE journal SET at = at + interval '1 day' WHERE entry_id = "
        + str(young)
    )
    volumes.come_to("5 years 12 hours")
    assert volumes.door(DROP) == 0
    assert volumes.private() == list(range(1, 12))
    assert volumes.door(ERASE) >= 9
    assert [entry_id for entry_id in volumes.private() if entry_id <= 10] == [young]
    volumes.come_to("5 years 36 hours")
    assert volumes.door(DROP) == 1
    assert young not in volumes.private()


async def test_an_entry_that_its_party_cannot_see_yet_keeps_its_volume(volumes: Volumes) -> None:
    await volumes.look(21)
    volumes.sql("UPDATE journal_private SET visible_from = house_now() + interval '6 years' WHERE entry_id = 4")
    volumes.come_to(OVER)
    assert [volumes.door(DROP) for _ in range(2)] == [10, 0]
    assert volumes.private() == [*range(1, 11), 21]
    assert volumes.door(ERASE) == 10
    assert volumes.private() == [4]
    volumes.come_to("6 years 1 day")
    assert volumes.door(DROP) == 1


async def test_a_private_part_without_an_entry_keeps_its_volume(volumes: Volumes) -> None:
    await volumes.look(11)
    volumes.sql("SET session_replication_role = replica; DELETE FROM journal WHERE entry_id = 3")
    volumes.come_to(OVER)
    assert volumes.door(DROP) == 0


async def test_a_volume_that_is_not_full_stays_and_without_the_law_every_one_does(volumes: Volumes) -> None:
    await volumes.look(10)
    volumes.come_to(OVER)
    assert volumes.door(DROP) == 0
    await volumes.look(1)
    volumes.sql("DELETE FROM retention")
    assert (volumes.door(DROP), volumes.door(ERASE)) == (0, 0)
    assert volumes.private() == list(range(1, 12))


async def test_a_volume_about_to_be_over_is_left_to_go_whole_but_not_for_long(volumes: Volumes) -> None:
    volumes.sql("UPDATE private_plan SET waits = interval '1 day'")
    await volumes.look(5)
    volumes.come_to("12 hours")
    await volumes.look(6)
    volumes.come_to("5 years 6 hours")
    assert (volumes.door(DROP), volumes.door(ERASE)) == (0, 0)
    with volumes.journals.admin("repair") as reader, reader.transaction():
        reader.execute("SELECT FROM journal_private")  # somebody reads everything for days
        volumes.come_to("5 years 18 hours")
        assert (volumes.door(DROP), volumes.door(ERASE)) == (0, 1)
        assert volumes.private() == list(range(1, 11))
        volumes.come_to("5 years 2 days")
        assert (volumes.door(DROP), volumes.door(ERASE)) == (0, 10)


def _until_it_waits(volumes: Volumes) -> None:
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'journal_private'::regclass"
    until = time.monotonic() + 10
    while not volumes.sql(waiting):
        assert time.monotonic() < until
        time.sleep(0.01)


async def test_what_is_written_while_a_volume_is_looked_through_is_looked_at_too(volumes: Volumes) -> None:
    await volumes.look(11)
    volumes.sql("SET session_replication_role = replica; DELETE FROM journal_private WHERE entry_id = 7")
    volumes.sql("ALTER FUNCTION drop_private SET lock_timeout = '20s'")
    volumes.come_to(OVER)
    # An entry with number 7, by somebody who drew it long ago and is not done yet.
    with volumes.journals.admin("repair") as late, late.transaction():
        late.execute("SET LOCAL session_replication_role = replica")
        late.execute("DELETE FROM journal WHERE entry_id = 7")
        late.execute(
            "INSERT INTO journal OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(j, jsonb_build_object("
            " 'entry_id', 7, 'xid', pg_current_xact_id()::text, 'at', house_now()))).* FROM journal j WHERE entry_id = 8"
        )
        late.execute(
            "INSERT INTO journal_private SELECT (jsonb_populate_record(p, '{\"entry_id\": 7}')).*"
            " FROM journal_private p WHERE entry_id = 8"
        )
        dropping = asyncio.create_task(asyncio.to_thread(volumes.door, DROP))
        await asyncio.to_thread(_until_it_waits, volumes)
    assert await dropping == 0
    assert volumes.private() == list(range(1, 12))


async def test_answers_go_on_while_volumes_are_made_and_dropped_and_none_is_lost(volumes: Volumes) -> None:
    await volumes.look(25)
    volumes.come_to(OVER)
    volumes.sql("UPDATE private_plan SET entries = 300")
    written: list[int] = []

    async def ask(stop: asyncio.Event) -> None:
        while not stop.is_set():
            written.append((await volumes.journals.look()).entry_id)

    stop = asyncio.Event()
    asking = [asyncio.create_task(ask(stop)) for _ in range(3)]
    dropped = 0
    while (not dropped or len(written) < 700) and not any(one.done() for one in asking):
        dropped += (await volumes.eraser.sweep())["drop_private"]
    stop.set()
    await asyncio.gather(*asking)
    assert dropped >= 10
    assert volumes.private() == sorted(written)
    assert len(volumes.ranges()) > 4


async def test_the_next_volume_is_made_beside_those_who_write(volumes: Volumes) -> None:
    await volumes.look(9)
    async with volumes.journals.repair.transaction() as tx:
        await tx.all(
            "SELECT journal_write(0::smallint, 'k', gen_random_uuid(), 1, 'a', '\\x01', '', NULL, 'answered', '',"
            " '\\x01', '\\x01', NULL, '{}', '{}')"
        )
        with volumes.as_eraser() as making:
            assert making.execute("SELECT make_private_volumes()").fetchone() == (1,)
            await volumes.look(15)
    assert volumes.ranges() == [(1, 11), (11, 21), (21, 31), (31, 41)]
    assert volumes.sql("SELECT count(*) FROM journal_private_rest") == [(0,)]
    assert volumes.door("SELECT make_private_volumes()") == 2


async def test_an_entry_that_no_volume_takes_is_kept_found_and_erased_all_the_same(volumes: Volumes) -> None:
    ids = await volumes.look(45)
    assert volumes.sql("SELECT count(*) FROM journal_private_rest") == [(15,)]
    assert volumes.door("SELECT make_private_volumes()") == 3
    assert volumes.ranges()[-3:] == [(55, 65), (65, 75), (75, 85)]
    assert volumes.door("SELECT make_private_volumes()") == 0
    ids += await volumes.look(12)
    found = await volumes.journals.sources["repair"].about(PARTY, Search(basis="样例", most=100))
    assert sorted(row.entry_id for row in found) == ids
    one = await volumes.journals.sources["repair"].access(found[0])
    assert one.officer.reveal() == "official Li"
    volumes.come_to(OVER)
    swept = await volumes.eraser.sweep()
    assert (swept["drop_private"], swept["erase_private"]) == (30, 27)
    assert volumes.private() == []


async def test_where_the_rest_has_grown_large_no_volume_is_made(volumes: Volumes) -> None:
    """It would be read through meanwhile, and nobody could write."""
    await volumes.look(45)
    volumes.sql("ALTER TABLE journal_private_rest ALTER sealed SET STORAGE PLAIN")
    volumes.sql(
        "INSERT INTO journal_private SELECT 0, 100000 + n, '', decode(repeat('00', 7000), 'hex'), NULL, '{}', NULL, NULL"
        " FROM generate_series(1, 17000) n"
    )
    assert volumes.door("SELECT make_private_volumes()") == 0


@pytest.mark.parametrize("table", ["journal_private", "journal_private_1", "journal_private_rest"])
async def test_nobody_takes_a_private_part_out_of_its_volume(volumes: Volumes, table: str) -> None:
    """Not the owner, by a statement on the rows; not a login role by any."""
    await volumes.look(1)
    volumes.sql("INSERT INTO journal_private SELECT 0, 1000, salt, sealed, NULL, '{}' FROM journal_private")
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(psycopg.Error) as refused:
            volumes.sql(f"SET ROLE repair_owner; {statement}")
        assert refused.value.sqlstate == "CX001", statement
    statements = [
        f"SELECT FROM {table}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table}",
        f"DROP TABLE {table}",
        f"ALTER TABLE journal_private DETACH PARTITION {table}",
        "DROP TABLE journal",
        "UPDATE private_plan SET waits = '100 years'",
        "SELECT FROM private_volume",
    ]
    for role in [*ROLES["repair"], READER]:
        dsn = volumes.journals.database.dsn(role)
        with psycopg.connect(dsn, options="-c search_path=repair", autocommit=True) as connection:
            for statement in statements[(role, table) == (READER, "journal_private") :]:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(statement)  # type: ignore[arg-type]
            if role != "repair_eraser":
                for door in (DROP, ERASE, "SELECT make_private_volumes()"):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        connection.execute(door, (FINGERPRINT,) if "%s" in door else ())  # type: ignore[arg-type]


async def test_only_an_office_drops(volumes: Volumes) -> None:
    await volumes.look(11)
    volumes.come_to(OVER)
    volumes.sql("UPDATE enrolment SET revoked_at = now()")
    with pytest.raises(psycopg.Error, match="only an office erases"):
        volumes.door(DROP)
    assert len(volumes.private()) == 11
