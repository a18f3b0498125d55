"""The list office as a process: `python -m services.blacklist`, settings by CHENGXIN_* variables."""

from __future__ import annotations

import os

import uvloop
from cryptography import x509

from chengxin.blacklist.v1 import blacklist_pb2_grpc
from foundation.access import Caller, fingerprint_of
from foundation.calendar import load_calendar
from foundation.crypto import FileKeyProvider, Keyring
from foundation.db import Database
from foundation.jobs import JobWorker
from foundation.journal import Journal
from foundation.policy import LawBook, load_policy
from foundation.rpc import OfficeServer, Registration, office_channel
from foundation.settings import OfficeSettings
from foundation.telemetry import configure_logs
from services.blacklist.catalog import Catalog
from services.blacklist.domain.deadlines import Terms
from services.blacklist.keys import CaseKeys
from services.blacklist.office import (
    DecisionOffice,
    Desk,
    EvidenceOffice,
    InvestigationOffice,
    ListingOffice,
    NoticeOffice,
    ReadingOffice,
)
from services.blacklist.rpc import CaseServicer, ListingServicer, SchemeServicer
from services.blacklist.rpc.cases import CaseOffices
from services.blacklist.signing import document_signer
from services.blacklist.store import Store
from services.blacklist.worker import listing_tasks, take_up_parked

SCHEMA = "blacklist"
ROLE = "blacklist_app"
_PACKAGE = "chengxin.blacklist.v1"


def build(settings: OfficeSettings) -> OfficeServer:
    """Put the office together, inside the event loop that it runs in; nothing connects before it runs."""
    database = Database.open(settings.dsn(ROLE), schema=SCHEMA)
    keyring = Keyring(FileKeyProvider(settings.keys), database)
    policy = load_policy(settings.law)
    desk = Desk(
        database=database,
        journal=Journal(keyring, SCHEMA),
        store=Store(CaseKeys(keyring, settings.deployment), os.urandom),
        book=LawBook.load(settings.law, policy),
        terms=Terms(policy=policy, calendar=load_calendar(settings.law)),
    )
    sign = document_signer(settings.keys, f"{settings.deployment}/{SCHEMA}")
    reading, listings = ReadingOffice(desk), ListingOffice(desk)
    cases = CaseOffices(
        investigation=InvestigationOffice(desk),
        evidence=EvidenceOffice(desk, os.urandom),
        notice=NoticeOffice(desk, sign),
        decisions=DecisionOffice(desk, sign),
        reading=reading,
    )
    channel = office_channel(settings, settings.catalog_address)
    tasks = listing_tasks(listings, catalog=Catalog(channel), house=itself(settings))
    worker = JobWorker(settings.dsn(ROLE), SCHEMA, tasks)
    return OfficeServer(
        settings=settings,
        services=[
            Registration(
                f"{_PACKAGE}.SchemeService",
                blacklist_pb2_grpc.add_SchemeServiceServicer_to_server,
                SchemeServicer(reading),
            ),
            Registration(
                f"{_PACKAGE}.CaseService",
                blacklist_pb2_grpc.add_CaseServiceServicer_to_server,
                CaseServicer(cases),
            ),
            Registration(
                f"{_PACKAGE}.ListingService",
                blacklist_pb2_grpc.add_ListingServiceServicer_to_server,
                ListingServicer(listings),
            ),
        ],
        database=database,
        journal=desk.journal,
        beside=() if settings.only == "serve" else (worker.run, lambda: take_up_parked(listings)),
        closing=(channel.close, keyring.close),
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
    """Build the office and serve until told to stop."""
    await build(settings).run()


def main() -> None:
    """Read the settings from the environment and serve."""
    settings = OfficeSettings()  # pyright: ignore[reportCallIssue]  # values come from the environment
    configure_logs(SCHEMA, settings.log_level)
    uvloop.run(serve(settings))


if __name__ == "__main__":
    main()
