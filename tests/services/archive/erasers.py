"""The eraser of an office, as its process runs it, for tests that do not wait for the hour."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg

from foundation.access import Caller
from foundation.crypto import FileKeyProvider, Keyring
from foundation.erasure import Eraser, load_retention
from foundation.journal import Journal
from foundation.rpc import Ground
from tests.support.catalog_house import POLICY
from tests.support.databases import SchemaDatabase


def ground(database: SchemaDatabase, role: str, provider: FileKeyProvider) -> Ground:
    """What a login role of an office stands on."""
    opened = database.open(role, pool=2)
    keyring = Keyring(provider, opened)
    return Ground(opened, keyring, Journal(keyring, opened.schema))


@asynccontextmanager
async def eraser(
    database: SchemaDatabase, schema: str, keys: Path, fingerprint: bytes, *doors: str
) -> AsyncGenerator[Eraser]:
    """The eraser of an office whose certificate has this fingerprint; the law's retention is loaded."""
    with psycopg.connect(database.admin_dsn) as admin:
        load_retention(admin, schema, POLICY)
    house = Caller(authority="", system=schema, fingerprint=fingerprint, roles=frozenset({"office"}))
    made = Eraser(ground(database, f"{schema}_eraser", FileKeyProvider(keys)), house, *doors)
    yield made
    await made.close()
