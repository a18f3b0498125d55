"""The list office as a process: `python -m services.blacklist`, settings by CHENGXIN_* variables."""

from __future__ import annotations

import os
from functools import partial

from foundation.access import own_caller
from foundation.calendar import load_calendar
from foundation.crypto import DossierKeys
from foundation.erasure import Eraser
from foundation.jobs import JobWorker
from foundation.keys import dossier_rotation
from foundation.periodic import every
from foundation.policy import LawBook, load_policy
from foundation.rpc import Ground, OfficeServer, office_channel, run_office
from foundation.settings import OfficeSettings
from foundation.statistics import StatisticsServicer
from services.blacklist.catalog import Catalog
from services.blacklist.domain.deadlines import Terms
from services.blacklist.office import DecisionOffice, Desk, InvestigationOffice, ListingOffice, ReadingOffice
from services.blacklist.rpc import CaseServicer, ListingServicer, SchemeServicer
from services.blacklist.signing import document_signer
from services.blacklist.store import TABLE, Store
from services.blacklist.worker import EXPIRE_EVERY_S, listing_tasks

SCHEMA = "blacklist"
ROLE = "blacklist_app"


def build(settings: OfficeSettings) -> OfficeServer:
    """Put the office together, inside the event loop that it runs in; nothing connects before it runs."""
    ground = Ground.open(settings, SCHEMA, ROLE)
    policy = load_policy(settings.law)
    desk = Desk(
        database=ground.database,
        journal=ground.journal,
        store=Store(DossierKeys(ground.keyring, settings.deployment, TABLE), os.urandom),
        book=LawBook.load(settings.law, policy),
        terms=Terms(policy=policy, calendar=load_calendar(settings.law)),
        sign=document_signer(settings.keys, f"{settings.deployment}/{SCHEMA}"),
    )
    reading, listings = ReadingOffice(desk), ListingOffice(desk)
    channel = office_channel(settings, settings.catalog_address)
    house = own_caller(settings.cert)
    tasks = listing_tasks(listings, catalog=Catalog(channel), house=house)
    worker = JobWorker(settings.dsn(ROLE), SCHEMA, tasks)
    eraser = Eraser.open(settings, SCHEMA, "erase_dossiers")
    expire = partial(listings.expire, house=house)
    closing_what_is_over = partial(every, EXPIRE_EVERY_S, expire, "expiry of listings")
    keys, rotator = dossier_rotation(ground, settings, TABLE)
    return OfficeServer(
        settings=settings,
        services=[
            SchemeServicer(reading),
            CaseServicer(InvestigationOffice(desk), DecisionOffice(desk), reading),
            ListingServicer(listings),
            keys,
            StatisticsServicer(ground.database),
        ],
        ground=ground,
        beside=() if settings.only == "serve" else (worker.run, eraser.run, rotator.run, closing_what_is_over),
        closing=(channel.close, eraser.close),
    )


if __name__ == "__main__":
    run_office(SCHEMA, OfficeSettings, build)
