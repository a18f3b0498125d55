"""The audit office as a process: `python -m services.audit`, settings by CHENGXIN_* variables."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable

from chengxin.proofs import note
from foundation.crypto import FileKeyProvider, Keyring
from foundation.db import Database
from foundation.rpc import Ground, OfficeServer, run_office
from services.audit.office.accesses import Accesses
from services.audit.office.proving import Prover
from services.audit.office.sequencing import Sequencer
from services.audit.public_log import serve_public_log
from services.audit.rpc import AuditServicer
from services.audit.settings import AuditSettings
from services.audit.store.journals import SourceJournal
from services.audit.worker import sequence

SCHEMA = "audit"
ROLE = "audit_app"


def build(settings: AuditSettings) -> OfficeServer:
    """Put the office together; nothing connects before it runs."""
    key = note.read_key_file(settings.log_key_file)
    ground = Ground.open(settings, SCHEMA, ROLE)
    sources = {name: _source(settings, name) for name in settings.sources}
    prover = Prover(ground.database, sources, key=key.public_key(), origin=settings.origin)
    sequencer = Sequencer(ground.database, list(sources.values()), key=key, origin=settings.origin, token=uuid.uuid4())
    return OfficeServer(
        settings=settings,
        services=[AuditServicer(Accesses(ground.database, ground.journal, sources), prover)],
        ground=ground,
        beside=_beside(settings, sequencer, prover),
        closing=tuple(source.close for source in sources.values()),
    )


def _source(settings: AuditSettings, name: str) -> SourceJournal:
    database = Database.open(settings.source_dsn(name), schema=name, pool=4)
    return SourceJournal(name, database, Keyring(FileKeyProvider(settings.source_keys(name)), database))


def _beside(settings: AuditSettings, sequencer: Sequencer, prover: Prover) -> tuple[Callable[[], Awaitable[None]], ...]:
    """What runs beside the RPCs, by what this process is for."""

    async def work() -> None:
        await sequence(sequencer)

    async def door() -> None:
        await serve_public_log(prover, listen=settings.log_listen, ready_file=settings.log_ready_file)

    return {"": (work, door), "work": (work,), "serve": (door,)}[settings.only]


if __name__ == "__main__":
    run_office(SCHEMA, AuditSettings, build)
