"""Loads the law data that the catalog's database itself must know; run by the schema's owner at setup."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Any

import psycopg

from foundation.db.statements import sql_beside
from foundation.lawfile import LawError
from foundation.policy import LawBook
from services.catalog.sealing import RESERVED

_sql = sql_beside(__file__)


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
            told = {
                **vars(item),
                "shared": item.sharing == "authorities",
                "public_persons": item.public_persons and item.public,
                "unrepairable": item.unrepairable,
                "content_digest": hashlib.sha256(content.encode()).digest(),
            }
            connection.execute(_sql("law_item").encode(), told)
        connection.execute(_sql("law_repeal").encode(), {"codes": [item.code for item in lawbook.items]})
        connection.execute("UPDATE archive_basis SET in_force = false")
        for basis in lawbook.archive_bases:
            connection.execute(_sql("law_archive_basis").encode(), vars(basis))
        for purpose in lawbook.purposes:
            connection.execute(_sql("law_purpose").encode(), vars(purpose))
