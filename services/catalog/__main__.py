"""The catalog office's process: settings -> wiring -> serve."""

from __future__ import annotations

from chengxin.proofs import note
from foundation.db import Database
from foundation.policy import LawBook, load_policy
from foundation.rpc import Ground, OfficeServer, run_office
from services.catalog.office.access import AccessOffice
from services.catalog.office.records import RecordOffice
from services.catalog.office.sharing import SharingOffice
from services.catalog.rpc.access import AccessServicer
from services.catalog.rpc.catalog import CatalogServicer
from services.catalog.rpc.records import RecordServicer
from services.catalog.rpc.sharing import DOOR_CHECKED, SharingServicer
from services.catalog.sealing import Sealer
from services.catalog.settings import CatalogSettings
from services.catalog.wakeups import Wakeups
from services.catalog.worker import Sweeper


def build(settings: CatalogSettings) -> OfficeServer:
    """Put the office together; nothing connects before it runs."""
    policy = load_policy(settings.law)
    lawbook = LawBook.load(settings.law, policy)
    changing = Ground.open(settings, "catalog", "catalog_change", pool=4)
    working = Ground.open(settings, "catalog", "catalog_worker", pool=2)
    answering = Database.open(settings.dsn("catalog_answer"), schema="catalog", pool=4)
    sealer = Sealer(changing.keyring, settings.deployment)
    sharing = SharingOffice(answering, sealer, changing.journal, note.read_key_file(settings.document_key))
    records = RecordOffice(changing.database, sealer, changing.journal, lawbook=lawbook, policy=policy)
    access = AccessOffice(changing.database, changing.journal, lawbook=lawbook)
    wakeups = Wakeups(settings.dsn("catalog_answer"))
    sweeper = Sweeper(working.database, working.keyring)
    return OfficeServer(
        settings=settings,
        services=[
            CatalogServicer(lawbook, sharing),
            SharingServicer(sharing, lawbook, wakeups),
            RecordServicer(records, sharing, lawbook),
            AccessServicer(access),
        ],
        ground=changing,
        checked_by_door=DOOR_CHECKED,
        beside=[wakeups.listen] if settings.only == "serve" else [wakeups.listen, sweeper.run],
        closing=[working.keyring.close, answering.close, working.database.close],
    )


if __name__ == "__main__":
    run_office("catalog", CatalogSettings, build)
