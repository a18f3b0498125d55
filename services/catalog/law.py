"""Loads the law data that the catalog's database itself must know; run by the schema's owner at setup."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

import psycopg
from psycopg import sql

from foundation.lawfile import LawError
from foundation.policy import LawBook
from services.catalog.sealing import RESERVED


def load_law(connection: psycopg.Connection[Any], lawbook: LawBook) -> None:
    """Bring what the tables know of `law/` in step with it, under the policy lock, as the owner in one transaction.

    An item's end of force may be set later; what an item was in the past does not change. Raises LawError for
    an item with a field that is named like a column of every record, in whose place it would stand.
    """
    for item in lawbook.items:
        if RESERVED & {field.name for field in item.fields}:
            raise LawError(f"item {item.code}", "a field has the name of a column of every record")
    with connection.transaction():
        connection.execute("SET LOCAL ROLE catalog_owner")
        connection.execute("SET LOCAL search_path = catalog")
        connection.execute("SELECT lock_policy(true)")
        for item in lawbook.items:
            content = json.dumps(asdict(item), ensure_ascii=False, sort_keys=True, default=str)
            connection.execute(
                "INSERT INTO item (code, in_force_from, in_force_until, title, shared, public, public_persons,"
                " negative, unrepairable, retention_months, content_digest)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (code, in_force_from) DO UPDATE SET in_force_until = EXCLUDED.in_force_until,"
                " title = EXCLUDED.title, shared = EXCLUDED.shared, public = EXCLUDED.public,"
                " public_persons = EXCLUDED.public_persons, negative = EXCLUDED.negative,"
                " unrepairable = EXCLUDED.unrepairable, retention_months = EXCLUDED.retention_months,"
                " content_digest = EXCLUDED.content_digest",
                (
                    item.code,
                    item.in_force_from,
                    item.in_force_until,
                    item.title,
                    item.sharing == "authorities",
                    item.public,
                    item.public_persons and item.public,
                    item.negative,
                    item.unrepairable,
                    item.retention_months,
                    hashlib.sha256(content.encode()).digest(),
                ),
            )
        codes = [item.code for item in lawbook.items]
        connection.execute(
            sql.SQL(
                "UPDATE item SET in_force_until = greatest(house_today(), in_force_from + 1)"
                " WHERE code <> ALL(%s) AND in_force_until IS NULL"
            ),
            (codes,),
        )
        connection.execute("UPDATE archive_basis SET in_force = false")
        for basis in lawbook.archive_bases:
            connection.execute(
                "INSERT INTO archive_basis VALUES (%s, %s, %s, %s, %s, true) ON CONFLICT (code) DO UPDATE SET"
                " title = EXCLUDED.title, longest_delay_days = EXCLUDED.longest_delay_days,"
                " approval_days = EXCLUDED.approval_days, open_hours = EXCLUDED.open_hours, in_force = true",
                (basis.code, basis.title, basis.longest_delay_days, basis.approval_days, basis.open_hours),
            )
        for purpose in lawbook.purposes:
            connection.execute(
                "INSERT INTO purpose (code, title, yes_no) VALUES (%s, %s, %s)"
                " ON CONFLICT (code) DO UPDATE SET title = EXCLUDED.title, yes_no = EXCLUDED.yes_no",
                (purpose.code, purpose.title, purpose.yes_no),
            )
