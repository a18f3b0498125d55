"""The repair office as a process: `python -m services.repair`, settings by CHENGXIN_* variables."""

from __future__ import annotations

import asyncio
import os

from cryptography import x509

from chengxin.repair.v1 import repair_pb2_grpc
from foundation.access import Caller, fingerprint_of
from foundation.calendar import load_calendar
from foundation.crypto import FileKeyProvider, Keyring
from foundation.db import Database
from foundation.jobs import JobWorker
from foundation.journal import Journal
from foundation.policy import load_policy
from foundation.rpc import OfficeServer, Registration, office_channel
from foundation.settings import OfficeSettings
from foundation.telemetry import configure_logs
from services.repair.domain.deadlines import Deadlines
from services.repair.evidence_office import EvidenceOffice
from services.repair.keys import ApplicationKeys
from services.repair.neighbours import BlackList, Catalog
from services.repair.office import RepairOffice
from services.repair.rpc import RepairServicer
from services.repair.worker import delivery_tasks, heal

SCHEMA = "repair"
ROLE = "repair_app"


def build(settings: OfficeSettings) -> OfficeServer:
    """Put the office together; nothing connects before it runs."""
    database = Database.open(settings.dsn(ROLE), schema=SCHEMA)
    keyring = Keyring(FileKeyProvider(settings.keys), database)
    journal = Journal(keyring, SCHEMA)
    keys = ApplicationKeys(keyring, settings.deployment)
    to_catalog = office_channel(settings, settings.catalog_address)
    to_list = office_channel(settings, settings.blacklist_address)
    catalog = Catalog(to_catalog)
    office = RepairOffice(
        database=database,
        journal=journal,
        keys=keys,
        deadlines=Deadlines(load_policy(settings.law), load_calendar(settings.law)),
        catalog=catalog,
        random=os.urandom,
    )
    evidence = EvidenceOffice(database=database, journal=journal, keys=keys, random=os.urandom)
    tasks = delivery_tasks(office, catalog=catalog, black_list=BlackList(to_list), house=itself(settings))
    worker = JobWorker(settings.dsn(ROLE), SCHEMA, tasks)
    return OfficeServer(
        settings=settings,
        services=[
            Registration(
                "chengxin.repair.v1.RepairService",
                repair_pb2_grpc.add_RepairServiceServicer_to_server,
                RepairServicer(office, evidence),
            )
        ],
        database=database,
        journal=journal,
        beside=() if settings.only == "serve" else (worker.run, lambda: heal(office)),
        closing=(to_catalog.close, to_list.close),
    )


def itself(settings: OfficeSettings) -> Caller:
    """This office as its own certificate names it."""
    pem = settings.cert.read_bytes()
    names = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    uri = names.value.get_values_for_type(x509.UniformResourceIdentifier)[0]
    _, _, authority, _, system = uri.removeprefix("spiffe://").split("/")
    return Caller(
        authority=authority, system=system, fingerprint=fingerprint_of(pem), roles=frozenset({"office"})
    )


async def serve(settings: OfficeSettings) -> None:
    """Serve until stopped. The office is built in the loop that its channels then belong to."""
    await build(settings).run()


def main() -> None:
    """Read the settings and serve."""
    settings = OfficeSettings()  # pyright: ignore[reportCallIssue]  # values come from the environment
    configure_logs(SCHEMA, settings.log_level)
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
