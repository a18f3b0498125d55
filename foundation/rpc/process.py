"""What every office's process does alike: open what it stands on, and serve by its settings until told to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import uvloop

from foundation.crypto import FileKeyProvider, Keyring
from foundation.db import Database
from foundation.journal import Journal
from foundation.rpc.server import OfficeServer
from foundation.settings import OfficeSettings
from foundation.telemetry import configure_logs

S = TypeVar("S", bound=OfficeSettings)


@dataclass(frozen=True, slots=True)
class Ground:
    """What an office stands on: its schema by one login role, its keys and its journal."""

    database: Database
    keyring: Keyring
    journal: Journal

    @classmethod
    def open(cls, settings: OfficeSettings, schema: str, role: str, *, pool: int = 8) -> Ground:
        """Prepare them; nothing connects before the first transaction."""
        database = Database.open(settings.dsn(role), schema=schema, pool=pool)
        keyring = Keyring(FileKeyProvider(settings.keys), database)
        return cls(database, keyring, Journal(keyring, schema))


def run_office(schema: str, settings: type[S], build: Callable[[S], OfficeServer]) -> None:
    """Read the settings from the environment, build the office in its event loop, and serve."""
    chosen = settings()  # pyright: ignore[reportCallIssue]  # values come from the environment
    configure_logs(schema, chosen.log_level)

    async def serve() -> None:
        await build(chosen).run()

    uvloop.run(serve())
