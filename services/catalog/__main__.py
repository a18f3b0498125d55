"""The catalog office's process: settings -> wiring -> serve."""

from __future__ import annotations

import structlog

from chengxin.proofs import note
from foundation.access import own_caller
from foundation.db import Database
from foundation.erasure import Eraser
from foundation.keys import KeyOffice, KeyServicer, Rotator
from foundation.policy import LawBook, load_policy
from foundation.rpc import Ground, OfficeServer, run_office
from foundation.statistics import StatisticsServicer
from foundation.telemetry import Telemetry
from foundation.words import Words
from services.catalog.keys import INDICES, ROTATED
from services.catalog.limits import QueryLimits
from services.catalog.office.access import AccessOffice
from services.catalog.office.archive import ArchiveOffice
from services.catalog.office.reading import ReadingOffice
from services.catalog.office.records import RecordOffice
from services.catalog.office.sharing import SharingOffice
from services.catalog.rpc.access import AccessServicer
from services.catalog.rpc.archive import ArchiveServicer
from services.catalog.rpc.catalog import CatalogServicer
from services.catalog.rpc.records import RecordServicer
from services.catalog.rpc.sharing import DOOR_CHECKED, SharingServicer
from services.catalog.sealing import TABLE, Sealer
from services.catalog.settings import CatalogSettings
from services.catalog.wakeups import Wakeups
from services.catalog.worker import Sweeper

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def build(settings: CatalogSettings) -> OfficeServer:
    """Put the office together; nothing connects before it runs."""
    policy = load_policy(settings.law)
    lawbook = LawBook.load(settings.law, policy)
    changing = Ground.open(settings, "catalog", "catalog_change", pool=4)
    working = Ground.open(settings, "catalog", "catalog_worker", pool=2)
    answering = Database.open(settings.dsn("catalog_answer"), schema="catalog", pool=4)
    sealer = Sealer(changing.keyring, settings.deployment)
    limits = _limits(settings)
    sharing = SharingOffice(answering, sealer, changing.journal, limits)
    reading = ReadingOffice(answering, sealer, note.read_key_file(settings.document_key))
    records = RecordOffice(changing.database, sealer, changing.journal, lawbook=lawbook, policy=policy)
    access = AccessOffice(changing.database, changing.journal, Words(changing.keyring, "access_grant"), lawbook=lawbook)
    archiving = Ground.open(settings, "catalog", "catalog_archive", pool=2)
    archive = ArchiveOffice(archiving.database, Sealer(archiving.keyring, settings.deployment), archiving.journal)
    eraser = Eraser.open(settings, "catalog", "erase_records", "erase_ledger")
    wakeups = Wakeups(settings.dsn("catalog_answer"))
    sweeper = Sweeper(working, own_caller(settings.cert))
    rotator = Rotator(working, own_caller(settings.cert), deployment=settings.deployment, table=TABLE, indices=INDICES)
    return OfficeServer(
        settings=settings,
        services=[
            CatalogServicer(lawbook, reading),
            SharingServicer(sharing, reading, lawbook, wakeups),
            RecordServicer(records, reading, lawbook),
            AccessServicer(access),
            ArchiveServicer(archive, lawbook),
            KeyServicer(KeyOffice(changing, rotated=ROTATED)),
            StatisticsServicer(answering),
        ],
        ground=changing,
        checked_by_door=DOOR_CHECKED,
        beside=[wakeups.listen] if settings.only == "serve" else [wakeups.listen, sweeper.run, eraser.run, rotator.run],
        closing=[
            *([limits.close] if limits else []),
            working.keyring.close,
            archiving.keyring.close,
            archiving.database.close,
            eraser.close,
            answering.close,
            working.database.close,
        ],
    )


def _limits(settings: CatalogSettings) -> QueryLimits | None:
    if not settings.redis_url:
        log.warning("questions about persons are not limited: CHENGXIN_REDIS_URL is not set")
        return None
    counter = Telemetry.from_environment("catalog").counter(
        "limits_unavailable_total", "questions answered without counting"
    )
    bounds = {"authority": settings.limit_authority, "prefix": settings.limit_prefix}
    return QueryLimits(settings.redis_url, **bounds, unavailable=counter)


if __name__ == "__main__":
    run_office("catalog", CatalogSettings, build)
