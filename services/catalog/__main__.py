"""The catalog office's process: settings -> wiring -> serve."""

from __future__ import annotations

import uvloop

from chengxin.catalog.v1 import access_pb2_grpc, catalog_pb2_grpc, record_pb2_grpc, sharing_pb2_grpc
from chengxin.proofs import note
from foundation.crypto import FileKeyProvider, Keyring
from foundation.db import Database
from foundation.journal import Journal
from foundation.policy import LawBook, load_policy
from foundation.rpc import OfficeServer, Registration
from foundation.telemetry import configure_logs
from services.catalog.office.access import AccessOffice
from services.catalog.office.records import RecordOffice
from services.catalog.office.sharing import SOURCE, SharingOffice
from services.catalog.rpc.access import AccessServicer
from services.catalog.rpc.catalog import CatalogServicer
from services.catalog.rpc.records import RecordServicer
from services.catalog.rpc.sharing import DOOR_CHECKED, SharingServicer
from services.catalog.sealing import Sealer
from services.catalog.settings import CatalogSettings
from services.catalog.wakeups import Wakeups
from services.catalog.worker import Sweeper


async def serve(settings: CatalogSettings) -> None:
    """Build the office and serve until told to stop."""
    policy = load_policy(settings.law)
    lawbook = LawBook.load(settings.law, policy)
    provider = FileKeyProvider(settings.keys)
    answering = Database.open(settings.dsn("catalog_answer"), schema="catalog", pool=4)
    changing = Database.open(settings.dsn("catalog_change"), schema="catalog", pool=4)
    working = Database.open(settings.dsn("catalog_worker"), schema="catalog", pool=2)
    keyring, worker_keyring = Keyring(provider, changing), Keyring(provider, working)
    journal = Journal(keyring, SOURCE)
    sealer = Sealer(keyring, settings.deployment)
    sharing = SharingOffice(answering, sealer, journal, note.read_key_file(settings.document_key))
    records = RecordOffice(changing, sealer, journal, lawbook=lawbook, policy=policy)
    access = AccessOffice(changing, journal, lawbook=lawbook)
    wakeups = Wakeups(settings.dsn("catalog_answer"))
    beside = [wakeups.listen]
    if settings.only != "serve":
        beside.append(Sweeper(working, worker_keyring).run)
    await OfficeServer(
        settings=settings,
        services=[
            Registration(
                "chengxin.catalog.v1.CatalogService",
                catalog_pb2_grpc.add_CatalogServiceServicer_to_server,
                CatalogServicer(lawbook, sharing),
            ),
            Registration(
                "chengxin.catalog.v1.SharingService",
                sharing_pb2_grpc.add_SharingServiceServicer_to_server,
                SharingServicer(sharing, lawbook, wakeups),
            ),
            Registration(
                "chengxin.catalog.v1.RecordService",
                record_pb2_grpc.add_RecordServiceServicer_to_server,
                RecordServicer(records, sharing, lawbook),
            ),
            Registration(
                "chengxin.catalog.v1.AccessService",
                access_pb2_grpc.add_AccessServiceServicer_to_server,
                AccessServicer(access),
            ),
        ],
        database=changing,
        journal=journal,
        checked_by_door=DOOR_CHECKED,
        beside=beside,
        closing=[keyring.close, worker_keyring.close, answering.close, working.close],
    ).run()


def main() -> None:
    """Read the settings from the environment and serve."""
    settings = CatalogSettings()  # type: ignore[call-arg]  # from the environment
    configure_logs("catalog", settings.log_level)
    uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
