"""Parties and records by number, so that every process of a bench knows the same: handed in, or multiplied.

A multiplied record is a copy of one that was handed in, put straight into the tables under ids and tags of its own:
it takes the same room, is found by its own party's number, counts, expires and is told like any other. Its texts
can't be opened, since they are bound to the first one's id: whoever asks for yes or no does not notice. While it is
put in, triggers do not run and foreign keys are not looked up, as in a restored dump: they hold by how it is made.
Indexes stand and grow row by row, as they would have by handing in. Pages are not logged whole meanwhile: behind each
checkpoint nearly all pages of all indexes would be logged again, and a bench is not mended after a crash.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import LiteralString

import psycopg

from chengxin import Identifier, Party, Record
from foundation.crypto import FileKeyProvider, Keyring
from foundation.db import Database
from foundation.identity import Identifier as Known
from foundation.identity import IdentifierKind, uscc_check_character
from foundation.settings import role_dsn
from services.catalog.keys import CatalogKeys
from standalone.house import House
from standalone.sample import DIVISION, MARK, SampleParty
from standalone.story import sharing
from standalone.story.stage import Stage

STEP = 10_000
"""Records multiplied in one transaction,"""
AT_ONCE = 2
"""and transactions at a time."""
NAMES = ("legal_representative", "subject_category", "authority_name", "source_unit")
MORE = {"confiscated_yuan": "2500.00", "remarks": MARK} | dict.fromkeys(NAMES, f"{MARK}省市场监督管理局")
"""With the six of the story's penalties, twelve fields."""
_TIDY = (
    "VACUUM (ANALYZE) subject, subject_tag, record, record_text, record_place, record_number, public_name, change_event"
)


def multiplying() -> bytes:
    """The statement that copies a sealed record under new ids, buckets and tags."""
    return Path(__file__).with_suffix(".sql").read_bytes()


def uscc(number: int) -> str:
    """The USCC of a party, 0 to 999,999,999."""
    first17 = f"91{DIVISION}{number:09d}"
    return first17 + uscc_check_character(first17)


def party(number: int) -> SampleParty:
    """The party of a number."""
    return SampleParty(f"{MARK}评测{number:09d}有限公司", "uscc", uscc(number))


def generated(stage: Stage, numbers: Iterable[int], *, until_in_days: int | None = None) -> Iterator[Record]:
    """An ordinary penalty of twelve fields about each party, 120 days old; shared until a day, or as the law has it."""
    one = sharing.penalty(stage, party(0), days_ago=120, number="0", until_in_days=until_in_days)
    one = replace(one, fields={**one.fields, **MORE})
    for number in numbers:
        who = Party(identifier=Identifier.uscc(uscc(number)), name=party(number).name)
        document = replace(one.document, number=f"{MARK}罚{number}号")
        yield replace(one, record_number=f"{MARK}-评测-{number}", party=who, document=document)


def handed_in(stage: Stage, numbers: Iterable[int], *, until_in_days: int | None = None) -> list[str]:
    """Hand records in as a department does; gives their ids, in order."""
    results = stage.market.client.submit(generated(stage, numbers, until_in_days=until_in_days))
    ids = [result.record_id for result in results]
    assert all(ids), "a generated record was refused"
    return ids


def multiplied(stage: Stage, model: str, numbers: range) -> float:
    """Put in a copy of the record `model` for each party; gives the seconds that it took."""
    begun, keys = time.perf_counter(), asyncio.run(_keys(stage))

    def put(step: range) -> None:
        with psycopg.connect(stage.house.engines.admin_dsn, autocommit=True) as connection:
            connection.execute("SET search_path = catalog; SET session_replication_role = replica")
            connection.execute(multiplying(), {"model": model, **_places(keys, step)})
        if step.stop % (10 * STEP) == 0:
            stage.narrator.say(f"  {step.stop:,} records")

    steps = [range(start, min(start + STEP, numbers.stop)) for start in range(numbers.start, numbers.stop, STEP)]
    with psycopg.connect(stage.house.engines.admin_dsn, autocommit=True) as connection:
        connection.execute("SET search_path = catalog")
        _log_whole_pages(connection, "off")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(put, steps))
        connection.execute(_TIDY)
        _log_whole_pages(connection, "on")
    return time.perf_counter() - begun


def _log_whole_pages(connection: psycopg.Connection, state: LiteralString) -> None:
    connection.execute(f"ALTER SYSTEM SET full_page_writes = {state}")
    connection.execute("SELECT pg_reload_conf()")


def _places(keys: CatalogKeys, numbers: range) -> dict[str, object]:
    """Buckets and tags of parties; found while the server is busy with others."""
    parties = [Known(IdentifierKind.USCC, uscc(number)) for number in numbers]
    return {"buckets": [*map(keys.bucket_of, parties)], "tags": [*map(keys.subject_tag, parties)]}


async def _keys(stage: Stage) -> CatalogKeys:
    async with catalogs_keyring(stage.house) as keyring:
        return await CatalogKeys.open(keyring, stage.now())


@asynccontextmanager
async def catalogs_keyring(house: House) -> AsyncGenerator[Keyring]:
    """The catalog's keys, as its worker opens them."""
    role = "catalog_worker"
    password = (house.data.role_passwords / role).read_text().strip()
    database = Database.open(role_dsn(house.engines.url, role, password), schema="catalog", pool=1)
    keyring = Keyring(FileKeyProvider(house.data.keys("catalog")), database)
    try:
        yield keyring
    finally:
        await keyring.close()
        await database.close()
