"""The public list by an organisation's name: found however it is written, nobody else, and no natural person."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from foundation.calendar import day_of
from foundation.crypto import blind, name_tag
from foundation.identity import fold_name
from services.catalog.keys import NAME_INDEX
from services.catalog.office import reading
from tests.support.catalog_house import LAWBOOK, CatalogHouse

NAME = "样例（中国）·食品 Ａｂｃ有限公司"
NAMESAKE = "样例(中国)食品abc有限公司"


async def found(house: CatalogHouse, name: str, *, most: int = 100) -> list[str]:
    """All names that a search gives, page after page."""
    names: list[str] = []
    before, after = None, None
    while True:
        page, more = await house.reading.published_named(name, item_code="", before=before, after=after, most=most)
        names += [shown.fields["party_name"].reveal() for shown in page]
        if more is None:
            return names
        before, after = more["determined_on"], more["record_id"]


async def named(house: CatalogHouse, *names: str, **changes: Any) -> list[Any]:
    """Hand in one public record for each name; gives the record ids."""
    results = await house.hand_in(*[house.draft(party_name=name, **changes) for name in names])
    assert all(result.record_id for result in results), results
    return [result.record_id for result in results]


def tags(house: CatalogHouse) -> int:
    return house.sql("SELECT count(*) FROM catalog.public_name")[0][0]


async def collide(house: CatalogHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make all names share one tag, as those of ten million records do by the dozen."""
    monkeypatch.setattr("services.catalog.office.records.name_tag", lambda key, name: 7)
    monkeypatch.setattr("services.catalog.office.reading.name_tag", lambda key, name: 7)


@pytest.mark.parametrize(
    "written",
    [
        NAME,
        NAMESAKE,
        "样例（中国）•食品ABC有限公司",
        "样例（中国）・食品ａｂｃ 有限公司",
        " 样例 (中国) 食品\u200babc有限公司\u3000",
    ],
)
async def test_a_name_is_found_however_it_is_written(house: CatalogHouse, written: str) -> None:
    await named(house, NAME, "样例（中国）食品有限公司")
    assert await found(house, written) == [NAME]


async def test_the_stored_name_comes_back_byte_for_byte(house: CatalogHouse) -> None:
    odd = "样例\u3000Ｎｏ．１ é e\u0301 ﬁ ㈱ \u00b7\u2022\u30fb"
    party = house.party()
    await house.hand_in(house.draft(party, party_name=odd))
    (shown,) = await house.report(party)
    assert shown.fields["party_name"].reveal().encode() == odd.encode()
    assert await found(house, odd) == [odd]


async def test_who_shares_only_the_tag_is_not_shown(house: CatalogHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    await collide(house, monkeypatch)
    await named(house, NAME, "样例甲公司", NAMESAKE, "样例乙公司")
    assert sorted(await found(house, NAME)) == sorted([NAME, NAMESAKE])
    assert await found(house, "样例丙公司") == []


async def test_a_natural_person_is_not_found_by_name(house: CatalogHouse) -> None:
    item = next(item for item in LAWBOOK.items_in_force(day_of(datetime.now(UTC))) if item.public_persons)
    draft = house.draft(
        house.person(),
        party_name="样例某甲",
        item_code=item.code,
        document_kind="listing_decision",
        person_publicity_basis="express_law",
        fields=tuple((field.name, "样例") for field in item.fields if field.required),
    )
    await house.hand_in(draft)
    (listed,) = await house.reading.published(item_code="", before=None, after=None, most=10)
    assert listed.fields["party_name"].reveal() == "样**"
    assert tags(house) == 0
    assert await found(house, "样例某甲") == []


async def test_what_has_left_the_list_is_not_found_and_has_no_tag(house: CatalogHouse) -> None:
    kept, ended = await named(house, NAME, NAME)
    await house.records.withdraw(house.repair, record_id=ended, record_number="", reason="repaired", matter="样例")
    assert await found(house, NAME) == [NAME]
    assert house.sql("SELECT record_id FROM catalog.public_name") == [(kept,)]
    house.advance(days=4000)
    assert await found(house, NAME) == []


async def test_each_page_opens_a_bounded_number_and_pages_lose_nothing(
    house: CatalogHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    await collide(house, monkeypatch)
    monkeypatch.setattr(reading, "CANDIDATES", 4)
    today = house.draft().determined_on
    for number in range(14):
        name = NAME if number % 3 == 0 else f"样例{number}公司"
        day = today - timedelta(days=number // 2)
        await named(house, name, determined_on=day, effective_on=day)
    opened = 0
    real = house.sealer.__class__.open_shared

    async def counting(self: Any, row: Any, wanted: Any) -> dict[str, Any]:
        nonlocal opened
        opened += 1
        return await real(self, row, wanted)

    monkeypatch.setattr(house.sealer.__class__, "open_shared", counting)
    page, more = await house.reading.published_named(NAME, item_code="", before=None, after=None, most=100)
    assert (opened, more is not None, len(page) <= 4) == (4, True, True)
    assert await found(house, NAME) == [NAME] * 5
    assert await found(house, NAME, most=1) == [NAME] * 5


async def test_the_tag_needs_the_key(house: CatalogHouse) -> None:
    await named(house, NAME)
    key = (await house.sealer.keyring.in_use(NAME_INDEX)).reading.key
    ((stored,),) = house.sql("SELECT tag FROM catalog.public_name")
    assert stored == name_tag(key, NAMESAKE)
    assert any(name_tag(secrets.token_bytes(32), NAME) != stored for _ in range(3))


def spread(names: Sequence[str], key: bytes) -> tuple[float, int]:
    """Candidates of an average search, and the most that any tag has."""
    counted: dict[int, int] = {}
    for name in names:
        found_tag = name_tag(key, name)
        counted[found_tag] = counted.get(found_tag, 0) + 1
    return sum(count * count for count in counted.values()) / len(names), max(counted.values())


async def test_candidates_of_a_generated_table_are_as_many_as_the_size_says() -> None:
    """100,000 names here; docs/formats.md states what a million gave."""
    names = [f"样例{number}公司" for number in range(100_000)]
    assert len({fold_name(name) for name in names}) == len(names)
    average, most = await asyncio.to_thread(spread, names, secrets.token_bytes(32))
    expected = 1 + len(names) / 2**blind.NAME_TAG_BITS
    assert average == pytest.approx(expected, rel=0.05)
    assert most < 20
