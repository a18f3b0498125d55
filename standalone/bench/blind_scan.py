"""Invariant I6: what a blind search finds is what one finds who opens every record and compares."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from foundation.crypto import Keyring, kek_name, open_dek
from foundation.identity import Identifier, IdentifierKind
from services.catalog.keys import CatalogKeys
from services.catalog.sealing import PARTY_IDENTIFIER, Sealer

_FOUND = (
    "SELECT r.record_id FROM catalog.subject_tag s JOIN catalog.record r USING (bucket, subject_id)"
    " WHERE s.bucket = %s AND s.tag = %s"
)


async def blind_search_errors(admin_dsn: str, keyring: Keyring, sealer: Sealer) -> list[str]:
    """Open every record by each of its wraps and search for its party; say what is wrong, nothing when all is well.

    Nothing may fail to open; and the records found by a party's tag are those that name it, no more and no fewer.
    """
    wrong: list[str] = []
    held: dict[Identifier, set[str]] = {}
    keys = await CatalogKeys.open(keyring, datetime.now(UTC))
    with psycopg.connect(admin_dsn) as connection:
        records = connection.execute(
            "SELECT record_id, version, subject_id, fields, ARRAY[archive_wrap, share_wrap] FROM catalog.record"
            " WHERE erased_at IS NULL"
        ).fetchall()
        for record_id, version, subject_id, fields, wraps in records:
            place = sealer.place(record_id, version, subject_id)
            for wrap in filter(None, wraps):
                dek = open_dek(wrap, await keyring.kek(kek_name(wrap)), place)
                kind, _, value = dek.open_record(fields)[PARTY_IDENTIFIER].reveal().partition(":")
                held.setdefault(Identifier(IdentifierKind(kind), value), set()).add(record_id)
        for number, (party, expected) in enumerate(held.items()):
            found = connection.execute(_FOUND, (keys.bucket_of(party), keys.subject_tag(party))).fetchall()
            if {record_id for (record_id,) in found} != expected:
                wrong.append(f"party {number}: {len(found)} found, {len(expected)} held")
    return wrong
