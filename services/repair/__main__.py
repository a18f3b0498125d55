"""The repair office as a process: `python -m services.repair`, settings by CHENGXIN_* variables."""

from __future__ import annotations

import os

from foundation.access import own_caller
from foundation.calendar import load_calendar
from foundation.crypto import DossierKeys
from foundation.erasure import Eraser
from foundation.jobs import JobWorker
from foundation.keys import dossier_rotation
from foundation.policy import load_policy
from foundation.rpc import Ground, OfficeServer, office_channel, run_office
from foundation.statistics import StatisticsServicer
from services.repair.desk import Desk
from services.repair.desk_rpc import RepairDeskServicer
from services.repair.domain.deadlines import Deadlines
from services.repair.messenger import Messenger
from services.repair.neighbours import BlackList, Catalog
from services.repair.office import RepairOffice
from services.repair.rpc import RepairServicer
from services.repair.settings import RepairSettings
from services.repair.store import TABLE, Store
from services.repair.worker import tasks_of

SCHEMA = "repair"
ROLE = "repair_app"


def build(settings: RepairSettings) -> OfficeServer:
    """Put the office together, inside the event loop that it runs in; nothing connects before it runs."""
    ground = Ground.open(settings, SCHEMA, ROLE)
    to_catalog = office_channel(settings, settings.catalog_address)
    to_list = office_channel(settings, settings.blacklist_address)
    catalog, black_list = Catalog(to_catalog), BlackList(to_list)
    office = RepairOffice(
        database=ground.database,
        journal=ground.journal,
        store=Store(DossierKeys(ground.keyring, settings.deployment, TABLE), os.urandom),
        deadlines=Deadlines(load_policy(settings.law), load_calendar(settings.law)),
        catalog=catalog,
        tells=bool(settings.messenger_url),
    )
    messenger = Messenger.open(settings.messenger_url, settings.messenger_token)
    house = own_caller(settings.cert)
    tasks = tasks_of(office, catalog=catalog, black_list=black_list, messenger=messenger, house=house)
    worker = JobWorker(settings.dsn(ROLE), SCHEMA, tasks)
    eraser = Eraser.open(settings, SCHEMA, "erase_dossiers")
    keys, rotator = dossier_rotation(ground, settings, TABLE, party="subject")
    return OfficeServer(
        settings=settings,
        services=[
            RepairServicer(office),
            RepairDeskServicer(Desk(office=office)),
            keys,
            StatisticsServicer(ground.database),
        ],
        ground=ground,
        beside=() if settings.only == "serve" else (worker.run, eraser.run, rotator.run),
        closing=(eraser.close, to_catalog.close, to_list.close),
    )


if __name__ == "__main__":
    run_office(SCHEMA, RepairSettings, build)
