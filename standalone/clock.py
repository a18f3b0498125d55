"""Moves a sample house's clock forwards, in all offices at once, so that weeks pass without sleeping.

The rule is the database's (a trigger in each schema): never backwards, and in no other house.
"""

from __future__ import annotations

from datetime import timedelta

import psycopg

from standalone.enrol import as_owner
from standalone.ports import OFFICES
from standalone.trouble import Trouble


def advance(admin_dsn: str, by: timedelta) -> None:
    """Move the clock of every office forwards by `by`, in one transaction. Raises Trouble when refused."""
    try:
        with psycopg.connect(admin_dsn) as connection:
            for schema in OFFICES:
                as_owner(connection, schema)
                connection.execute("UPDATE clock_offset SET ahead = ahead + %s", (by,))
    except psycopg.Error as error:
        if error.sqlstate != "CX001":
            raise
        raise Trouble.of("CLOCK_NOT_MOVED") from error
