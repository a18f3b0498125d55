"""Records that the bench multiplies are found, counted and told like the one that was handed in."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from services.catalog.keys import CatalogKeys
from standalone.bench import population
from tests.support.catalog_house import CatalogHouse

TABLES = (
    "subject",
    "subject_tag",
    "record",
    "record_text",
    "record_place",
    "record_number",
    "public_name",
    "change_event",
)


async def test_each_copy_stands_wherever_the_first_one_does(house: CatalogHouse) -> None:
    (first,) = await house.hand_in(house.draft())
    parties = [house.party() for _ in range(3)]
    keys = await CatalogKeys.open(house.sealer.keyring, datetime.now(UTC))
    places = {
        "model": str(first.record_id),
        "buckets": [keys.bucket_of(party) for party in parties],
        "tags": [keys.subject_tag(party) for party in parties],
    }
    with psycopg.connect(house.database.admin_dsn) as admin:
        admin.execute("SET search_path = catalog")
        admin.execute(population.multiplying(), places)
        counts = [admin.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() for table in TABLES]
    assert counts == [(4,)] * len(TABLES)
    assert [(await house.check(party)).found for party in parties] == [True] * 3
    assert not (await house.check(house.party())).found
