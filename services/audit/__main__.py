"""The audit office as a process: `python -m services.audit`, settings by CHENGXIN_* variables."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from chengxin.proofs import note
from foundation.calendar import load_calendar
from foundation.crypto import DossierKeys, Keyring
from foundation.crypto.openbao import open_key_provider
from foundation.db import Database
from foundation.erasure import Eraser
from foundation.keys import dossier_rotation
from foundation.lawfile import read_law
from foundation.periodic import every
from foundation.policy import load_policy
from foundation.rpc import Ground, OfficeServer, run_office
from services.audit.domain.detectors import Detectors
from services.audit.entry_tiles import serve_entry_tiles
from services.audit.log_rpc import LogServicer
from services.audit.office.accesses import Accesses
from services.audit.office.doors import Doors
from services.audit.office.misuse import Misuse
from services.audit.office.proving import Prover
from services.audit.office.questions import Questions
from services.audit.office.sequencing import Sequencer
from services.audit.office.witnessing import Witnessing
from services.audit.public_log import serve_public_log
from services.audit.questions_rpc import MisuseServicer, QuestionServicer, ReportingAuditServicer
from services.audit.settings import AuditSettings
from services.audit.store.journals import SourceJournal
from services.audit.worker import ALARM_S, WITNESS_S, sequence

SCHEMA = "audit"
ROLE = "audit_app"
MATTERS = "misuse_matter"


def build(settings: AuditSettings) -> OfficeServer:
    """Put the office together; nothing connects before it runs."""
    key = note.read_key_file(settings.log_key_file)
    ground = Ground.open(settings, SCHEMA, ROLE)
    sources = {name: _source(settings, name) for name in settings.sources}
    prover = Prover(ground.database, sources, key=key.public_key(), origin=settings.origin)
    sequencer = Sequencer(ground.database, list(sources.values()), key=key, origin=settings.origin, token=uuid.uuid4())
    doors = Doors(ground.database, ground.keyring, ground.journal, sources)
    eraser = Eraser.open(settings, SCHEMA, "erase_dossiers")
    keys, rotator = dossier_rotation(ground, settings, MATTERS, party="reporter")
    return OfficeServer(
        settings=settings,
        services=[*_services(settings, ground, sources, prover), LogServicer(doors), keys],
        ground=ground,
        beside=(
            *_beside(settings, ground, sequencer, prover, doors),
            *(() if settings.only == "serve" else (eraser.run, rotator.run)),
        ),
        closing=(eraser.close, *(source.close for source in sources.values())),
    )


def _services(
    settings: AuditSettings, ground: Ground, sources: Mapping[str, SourceJournal], prover: Prover
) -> list[object]:
    accesses = Accesses(ground.database, ground.journal, sources)
    detectors = read_law(Path(__file__).with_name("detectors.yaml"), Detectors)
    calendar = load_calendar(settings.law)
    keys = DossierKeys(ground.keyring, settings.deployment, MATTERS)
    common = (ground.database, ground.journal, sources)
    misuse = Misuse(*common, keys, calendar, detectors.misuse_terms)
    questions = Questions(*common, accesses, detectors, calendar, load_policy(settings.law))
    return [ReportingAuditServicer(accesses, prover, misuse), QuestionServicer(questions), MisuseServicer(misuse)]


def _source(settings: AuditSettings, name: str) -> SourceJournal:
    database = Database.open(settings.source_dsn(name), schema=name, pool=4)
    provider = open_key_provider(settings, name, settings.source_keys(name))
    keyring = Keyring(provider, database, suites=settings.suites)
    return SourceJournal(name, database, keyring)


def _beside(
    settings: AuditSettings, ground: Ground, sequencer: Sequencer, prover: Prover, doors: Doors
) -> tuple[Callable[[], Awaitable[None]], ...]:
    """What runs beside the RPCs, by what this process is for."""

    witnessing = Witnessing(
        ground.database, prover, url=settings.witness_url, witness_vkey=settings.witness_vkey, origin=settings.origin
    )

    async def work() -> None:
        await asyncio.gather(
            sequence(sequencer, witnessing),
            every(WITNESS_S, witnessing.round, "bringing a head to the witness"),
            every(ALARM_S, doors.alarm, "look at door numbers"),
        )

    async def door() -> None:
        await serve_public_log(prover, listen=settings.log_listen, ready_file=settings.log_ready_file)

    async def auditors_door() -> None:
        await serve_entry_tiles(prover, ground, settings)

    served = (door, *((auditors_door,) if settings.entries_listen else ()))
    return {"": (work, *served), "work": (work,), "serve": served}[settings.only]


if __name__ == "__main__":
    run_office(SCHEMA, AuditSettings, build)
