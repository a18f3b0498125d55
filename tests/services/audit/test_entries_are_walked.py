"""An auditor walks the entries of a real log: each must be the one whose hash the log has."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import psycopg
import pytest_asyncio
from click.testing import Result
from typer.testing import CliRunner

from chengxin.cli.audit import app
from tests.services.audit.journals import VKEY, Journals
from tests.services.audit.process import AuditProcess, running
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually

ENTRIES = 300


@pytest_asyncio.fixture
async def office(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[AuditProcess]:
    journals = Journals(schema_db("audit", "repair"), tmp_path / "keys")
    door = {"CHENGXIN_ENTRIES_LISTEN": "127.0.0.1:0", "CHENGXIN_ENTRIES_READY_FILE": str(tmp_path / "entries-ready")}
    async with running(tmp_path, journals, **door) as process:
        yield process
    await journals.close()


async def verify(office: AuditProcess, system: str = "auditor", *, as_json: bool = True) -> Result:
    identity = office.folder / system
    (identity / "house.json").write_text("{}", encoding="utf-8")
    entries = f"https://{(office.folder / 'entries-ready').read_text().strip()}/"
    arguments = ["verify", "--log", office.log_url, "--vkey", VKEY, *(["--json"] if as_json else [])]
    arguments += ["--entries", entries, "--identity", str(identity)]
    return await asyncio.to_thread(CliRunner().invoke, app, arguments)


async def test_every_entry_is_held_against_its_hash_and_missing_door_numbers_are_told(office: AuditProcess) -> None:
    for number in range(ENTRIES):
        await office.journals.look(matter=f"T-{number}")
        if number == 100:
            with psycopg.connect(office.journals.database.dsn("repair_app"), options="-c search_path=repair") as lost:
                lost.execute(
                    "SELECT journal_write((-1)::smallint, 'RepairService.Get', gen_random_uuid(), 1, 'a',"
                    " sha256('f'), '', NULL, 'answered', '', sha256('s'), 'sealed', NULL, '{}', '{}')"
                )
                lost.rollback()
    async with httpx.AsyncClient(base_url=office.log_url) as reader:

        async def published() -> bool:
            return int((await reader.get("checkpoint")).text.split("\n")[1]) >= ENTRIES

        await eventually(published, within=30)

    whole = await verify(office)
    assert whole.exit_code == 0, whole.output
    said = json.loads(whole.stdout)
    assert said["entries"] == said["size"] >= ENTRIES
    (gap,) = said["door_numbers_missing"]
    assert (gap["source"], gap["first"], gap["last"]) == ("repair", 102, 102)
    assert "audit gaps" in whole.stderr

    read = (await verify(office, as_json=False)).stdout
    assert "door_numbers_missing:\n  1:\n    source: repair\n" in read
    assert "first: 102\n    last: 102" in read

    stranger = await verify(office, "consumer")
    assert (stranger.stdout, stranger.exit_code) == ("", 2)
    assert "HTTP 403" in stranger.stderr

    with office.journals.admin() as hostile:  # Hashes and head stay as they are: the public walk finds nothing.
        hostile.execute("SET session_replication_role = replica")
        hostile.execute("ALTER TABLE log_entry DROP CONSTRAINT log_entry_check")
        hostile.execute(
            "UPDATE log_entry SET leaf = overlay(leaf PLACING '\\xff'::bytea FROM octet_length(leaf)) WHERE index = 270"
        )
    altered = await verify(office)
    assert (altered.stdout, altered.exit_code) == ("invalid\n", 1)
    assert "entry 270 in tile/entries/001.p/" in altered.stderr
    public = await asyncio.to_thread(CliRunner().invoke, app, ["verify", "--log", office.log_url, "--vkey", VKEY])
    assert public.exit_code == 0, public.output
