"""Brings the databases up to date: roles, schemas, and what they know of the law in step with `law/`."""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic.util import CommandError

from foundation.calendar import load_calendar
from foundation.db.migrate import create_roles, upgrade
from foundation.erasure import load_retention
from foundation.lawfile import LawError
from foundation.policy import LawBook, load_policy
from foundation.settings import LAW
from services.blacklist import law as blacklist_law
from services.catalog import law as catalog_law
from standalone.ports import OFFICES
from standalone.trouble import Trouble


def bring_up_to_date(admin_dsn: str, *, role_passwords: Path, sample: bool, deployment: str) -> None:
    """Make or migrate the schema of every office, with its roles and its law. Safe to repeat. Raises Trouble.

    `sample` and `deployment` count at the creation of a schema only.
    """
    create_roles(admin_dsn, role_passwords)
    for office in OFFICES:
        try:
            upgrade(admin_dsn, office, sample=sample, deployment=deployment)
        except CommandError as error:
            raise Trouble.of("SCHEMA_NEWER", office=office, error=error) from error
    try:
        policy = load_policy(LAW)
        with psycopg.connect(admin_dsn) as connection:
            catalog_law.load_law(connection, LawBook.load(LAW, policy))
        with psycopg.connect(admin_dsn) as connection:
            blacklist_law.load_law(connection, policy=policy, calendar=load_calendar(LAW))
            for office in OFFICES:
                load_retention(connection, office, policy)
    except (LawError, blacklist_law.LawRewritesPast) as error:
        raise Trouble.of("LAW_UNUSABLE", error=error) from error
