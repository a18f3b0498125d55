"""Brings what the databases themselves know of the law in step with `law/`, with the owners' rights."""

from __future__ import annotations

import psycopg

from foundation.calendar import load_calendar
from foundation.lawfile import LawError
from foundation.policy import LawBook, load_policy
from foundation.settings import LAW
from services.blacklist import law as blacklist_law
from services.catalog import law as catalog_law
from standalone.trouble import Trouble


def load_all_law(admin_dsn: str) -> None:
    """Load the law of every office that keeps some in its schema. Safe to repeat. Raises Trouble."""
    try:
        policy = load_policy(LAW)
        lawbook = LawBook.load(LAW, policy)
        calendar = load_calendar(LAW)
        with psycopg.connect(admin_dsn) as connection:
            catalog_law.load_law(connection, lawbook)
        with psycopg.connect(admin_dsn) as connection:
            blacklist_law.load_law(connection, policy=policy, calendar=calendar)
    except (LawError, blacklist_law.LawRewritesPast) as error:
        raise Trouble(
            f"The law data can't be loaded: {error}",
            remedy="Mend the file named, or take the change back: what applied in the past is not rewritten.",
        ) from error
