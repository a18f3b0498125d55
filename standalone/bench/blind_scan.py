"""Invariant I6: what a blind search finds is what one finds who opens every record and compares."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from foundation.crypto import Keyring, epoch_of, kek_name, name_tag, open_dek
from foundation.identity import Identifier, IdentifierKind
from services.catalog.keys import NAME_INDEX, CatalogKeys
from services.catalog.sealing import PARTY_IDENTIFIER, PARTY_NAME, Sealer

_FOUND = (
    "SELECT r.record_id FROM catalog.subject_tag s JOIN catalog.record r USING (bucket, subject_id)"
    " WHERE s.bucket = %s AND s.tag = %s"
)
_NAMED = "SELECT record_id FROM catalog.public_name WHERE epoch = %s AND tag = %s"


async def blind_search_errors(admin_dsn: str, keyring: Keyring, sealer: Sealer) -> list[str]:
    """Open every record by each of its wraps and search for its party; say what is wrong, nothing when all is well.

    Nothing may fail to open; and the records found by a party's tag are those that name it, no more and no fewer;
    by the tag of an organisation's name, the public ones whose names have that tag.
    """
    wrong: list[str] = []
    held: dict[Identifier, set[str]] = {}
    named: dict[int, set[str]] = {}
    keys = await CatalogKeys.open(keyring, datetime.now(UTC))
    names = (await keyring.in_use(NAME_INDEX)).reading
    with psycopg.connect(admin_dsn, autocommit=True) as connection:  # longer than one transaction may take
        records = connection.execute(
            "SELECT record_id, version, subject_id, fields, public AND NOT person AND ended_at IS NULL,"
            " ARRAY[archive_wrap, share_wrap] FROM catalog.record JOIN catalog.record_text USING (bucket, record_id)"
        ).fetchall()
        for record_id, version, subject_id, fields, listed, wraps in records:
            place = sealer.place(record_id, version, subject_id)
            for wrap in filter(None, wraps):
                dek = open_dek(wrap, await keyring.kek(kek_name(wrap)), place)
                opened = dek.open_record(fields)
                kind, _, value = opened[PARTY_IDENTIFIER].reveal().partition(":")
                if listed:
                    named.setdefault(name_tag(names.key, opened[PARTY_NAME].reveal()), set()).add(record_id)
                held.setdefault(Identifier(IdentifierKind(kind), value), set()).add(record_id)
        for number, (party, expected) in enumerate(held.items()):
            found = connection.execute(_FOUND, (keys.bucket_of(party), keys.subject_tag(party))).fetchall()
            if {record_id for (record_id,) in found} != expected:
                wrong.append(f"party {number}: {len(found)} found, {len(expected)} held")
        for tag, expected in named.items():
            found = {record_id for (record_id,) in connection.execute(_NAMED, (epoch_of(names.name), tag))}
            if found != expected:
                wrong.append(f"name tag {tag}: {len(found)} found, {len(expected)} held")
    return wrong
