"""The public list in parts: by code, authority, division and day; and never about a person by name or number."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from chengxin.catalog.v1.record_pb2 import RecordDraft
from chengxin.catalog.v1.sharing_pb2 import ListPublicRecordsRequest
from tests.services.catalog.drafts import LICENCE, PROVIDER, TODAY, WAGES, about_a_person, ago, lawful, resident
from tests.services.catalog.office import CatalogOffice
from tests.support.catalog_house import uscc
from tests.support.identities import RefusedByOffice


async def numbers(office: CatalogOffice, **wanted: Any) -> set[str]:
    """Document numbers of all pages, two records a page."""
    found: set[str] = set()
    token = ""
    while True:
        request = ListPublicRecordsRequest(page_size=2, page_token=token, **wanted)
        page = await office.ask("gateway", "ListPublicRecords", request)
        found |= {record.document_number for record in page.records}
        token = page.next_page_token
        if not token:
            return found


def on(days: int) -> Any:
    """Makes a record determined so many days ago."""

    def change(draft: RecordDraft) -> None:
        draft.document.determined_on = draft.document.effective_on = ago(days)

    return change


async def test_an_organisation_is_found_by_its_code_and_nothing_else_is(office: CatalogOffice) -> None:
    party, other = uscc(4_300_001), uscc(4_300_002)
    mine = [lawful(item=LICENCE, party=party) for _ in range(3)]
    await office.record(*mine, lawful(item=LICENCE, party=other))
    assert await numbers(office, identifier=party) == {draft.document.number for draft in mine}
    assert await numbers(office, identifier=f" {party.lower()} ") == {draft.document.number for draft in mine}
    assert await numbers(office, identifier=uscc(4_300_003)) == set()
    assert await numbers(office, identifier=party, item_code="no_such_item") == set()


async def test_parts_of_the_list_by_authority_division_and_day(office: CatalogOffice) -> None:
    party = uscc(4_300_010)
    old, new = lawful(on(20), item=LICENCE, party=party), lawful(on(10), item=LICENCE, party=party)
    await office.record(old, new)
    both, day = {old.document.number, new.document.number}, TODAY - timedelta(days=10)

    async def part(**wanted: Any) -> set[str]:
        return await numbers(office, identifier=party, **wanted)

    assert await part(determining_authority=PROVIDER) == both
    assert await part(determining_authority=uscc(4_300_011)) == set()
    for digits in (2, 4, 6):
        assert await part(division=PROVIDER[2 : 2 + digits]) == both
    assert await part(division="99") == set()
    assert await part(determined_from=day.isoformat()) == {new.document.number}
    assert await part(determined_until=day.isoformat()) == {old.document.number}
    name = new.party.name
    assert new.document.number in await numbers(office, name=name, determined_from=day.isoformat())
    assert old.document.number not in await numbers(office, name=name, determined_from=day.isoformat())
    assert not both & await numbers(office, name=name, division="99")


async def test_a_person_on_the_list_is_found_neither_by_number_nor_by_name(office: CatalogOffice) -> None:
    def published(draft: RecordDraft) -> None:
        about_a_person(draft)
        draft.person_publicity_basis = "express_law"

    draft = lawful(published, item=WAGES)
    await office.record(draft)
    number = draft.party.identifier.value
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in number)
    for field, given in (
        ("identifier", number),
        ("identifier", number.lower()),
        ("identifier", f"{number[:6]} {number[6:14]}-{number[14:]}"),
        ("identifier", wide),
        ("identifier", resident(77, date(1971, 2, 3))[:6] + "710203123"),
        ("name", number),
        ("name", "样某某"),
        ("name", "样例·某某"),
    ):
        with pytest.raises(RefusedByOffice) as refused:
            await numbers(office, **{field: given})
        assert (refused.value.reason, refused.value.field) == ("PERSON_NOT_SEARCHED", field), given
        assert number not in str(refused.value)
    assert draft.document.number in await numbers(office, item_code=WAGES)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("identifier", "E12345678"),
        ("identifier", "样例" * 2000),
        ("identifier", "' OR 1=1 --"),
        ("determining_authority", "43999"),
        ("division", "4"),
        ("division", "4３"),
        ("division", "43%"),
        ("division", "43010201"),
        ("determined_from", "2026-W05-1"),
        ("determined_until", "2026-02-30"),
    ],
)
async def test_what_cannot_be_asked_is_refused_at_its_field(office: CatalogOffice, field: str, given: str) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await numbers(office, **{field: given})
    assert refused.value.field == field


async def test_a_name_and_a_code_are_not_asked_together(office: CatalogOffice) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await numbers(office, name="样例企业有限公司", identifier=uscc(4_300_020))
    assert (refused.value.reason, refused.value.field) == ("VALUE_INVALID", "identifier")
