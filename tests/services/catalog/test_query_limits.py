"""Nobody finds people out by trying numbers: different persons are counted by authority and by what numbers share."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import pytest_asyncio
import redis
from google.rpc import error_details_pb2

from chengxin.catalog.v1 import sharing_pb2
from chengxin.common.v1 import common_pb2 as common
from foundation.identity import Identifier, IdentifierKind, prefix_of, resident_check_digit
from foundation.limits import PREFIX
from foundation.refusal import Throttled
from services.catalog.domain.reasons import TOO_MANY_PERSONS
from services.catalog.limits import QueryLimits
from services.catalog.office.sharing import Context, SharingOffice
from tests.services.catalog.office import CONSUMER, CatalogOffice, catalog_office, context, identifier
from tests.support.catalog_house import CatalogHouse
from tests.support.databases import SchemaDatabase
from tests.support.identities import RefusedByOffice

BORN = date(1980, 3, 5)


def alike(count: int, *, born: date = BORN) -> list[Identifier]:
    """Persons whose numbers share region and date of birth."""
    first = [f"439999{born:%Y%m%d}{n:03d}" for n in range(1, count + 1)]
    return [Identifier(IdentifierKind.RESIDENT_ID, text + resident_check_digit(text)) for text in first]


def scattered(count: int) -> list[Identifier]:
    """Persons no two of whom share their date of birth."""
    return [alike(1, born=BORN + timedelta(days=n))[0] for n in range(count)]


class Desk:
    """A sharing office with limits of its own, and who asks there."""

    def __init__(self, house: CatalogHouse, valkey: str, **limits: str) -> None:
        self.uncounted = 0
        self.limits = QueryLimits(
            valkey, **{"authority": "50/hour", "prefix": "5/hour", **limits}, unavailable=self._uncounted
        )
        self.office = SharingOffice(house.answering, house.sealer, house.sharing._journal, self.limits)
        self.context = house.context(authority=uuid.uuid4().hex)

    def _uncounted(self, amount: int) -> None:
        self.uncounted += amount

    async def ask(self, *parties: Identifier, by: Context | None = None) -> int:
        """Ask about parties in one call; gives how many answers came. Raises Throttled."""
        return len(await self.office.check_many(by or self.context, parties, now=datetime.now(UTC)))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowded machine that takes 20 ms to connect is not a Redis that is away."""
    monkeypatch.setattr("foundation.limits.PATIENCE_S", 5.0)


@pytest.fixture
async def desk(house: CatalogHouse, valkey: str) -> AsyncIterator[Desk]:
    made = Desk(house, valkey)
    yield made
    await made.limits.close()


async def refused(desk: Desk, *parties: Identifier, by: Context | None = None) -> Throttled:
    with pytest.raises(Throttled) as caught:
        await desk.ask(*parties, by=by)
    assert caught.value.reason is TOO_MANY_PERSONS
    return caught.value


async def test_a_prefix_is_not_tried_through(desk: Desk) -> None:
    people = alike(8)
    for person in people[:5]:
        assert await desk.ask(person) == 1
    throttled = await refused(desk, people[5])
    assert 0 < throttled.retry_after_s <= 3600
    assert await desk.ask(*scattered(3)[1:]) == 2, "other prefixes are not concerned"


async def test_a_batch_of_one_prefix_is_seen_whole(desk: Desk) -> None:
    await refused(desk, *alike(6))
    assert await desk.ask(*alike(5)) == 5, "the refused batch counted nothing"


async def test_one_call_about_a_thousand_persons_counts_a_thousand(house: CatalogHouse, valkey: str) -> None:
    desk = Desk(house, valkey, authority="1000/hour")
    people = scattered(1001)
    assert await desk.ask(*people[:1000]) == 1000
    await refused(desk, people[1000])
    await desk.limits.close()


async def test_asking_again_about_the_same_person_counts_no_more(desk: Desk) -> None:
    (person,) = alike(1)
    for _ in range(20):
        assert await desk.ask(person, person) == 2


async def test_organisations_are_not_counted(desk: Desk, house: CatalogHouse) -> None:
    assert await desk.ask(*[house.party() for _ in range(120)]) == 120


async def test_authorities_learn_nothing_of_each_other(desk: Desk) -> None:
    await desk.ask(*alike(5))
    await refused(desk, alike(6)[5])
    assert await desk.ask(alike(6)[5], by=desk.context._replace(authority="another")) == 1


async def test_a_batch_passes_or_fails_whole_whatever_its_order(desk: Desk) -> None:
    await desk.ask(*alike(5))
    mixed = [*scattered(3)[1:], alike(6)[5]]
    first = await refused(desk, *mixed)
    second = await refused(desk, *reversed(mixed))
    assert first.message == second.message
    assert await desk.ask(*mixed[:2]) == 2


async def test_redis_learns_neither_number_nor_prefix(desk: Desk, valkey: str) -> None:
    people = [*alike(3), Identifier(IdentifierKind.PASSPORT, "E87654321")]
    with redis.Redis.from_url(valkey) as client:
        before = set(client.scan_iter(f"{PREFIX}:*"))
        await desk.ask(*people)
        new = set(client.scan_iter(f"{PREFIX}:*")) - before
    assert len(new) >= 3
    held = b" ".join(new)
    for person in people:
        prefix = prefix_of(person)
        assert prefix is not None
        assert prefix.encode() not in held
        assert f"{BORN:%Y%m%d}".encode() not in held


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0"])
async def test_without_redis_departments_are_answered_and_counted(house: CatalogHouse, url: str) -> None:
    desk = Desk(house, url)
    assert await desk.ask(*alike(40)) == 40
    assert await desk.office.check(desk.context, alike(41)[40], now=datetime.now(UTC))
    assert desk.uncounted == 2
    await desk.limits.close()


def test_prefixes_are_what_somebody_would_try_through() -> None:
    person, passport = alike(1)[0], Identifier(IdentifierKind.PASSPORT, "E12345678")
    assert prefix_of(person) == "43999919800305"
    assert prefix_of(passport) == "E12345"
    assert prefix_of(Identifier(IdentifierKind.USCC, "91110000600037341L")) is None


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def limited(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory, valkey: str
) -> AsyncIterator[CatalogOffice]:
    """A catalog office's process whose limits are low."""
    database = schema_db("catalog", sample=True)
    async with catalog_office(tmp_path_factory.mktemp("limited"), database) as made:
        await made.process.stop()
        with redis.Redis.from_url(valkey) as client:
            for key in client.scan_iter(f"{PREFIX}:*{CONSUMER}*"):
                client.delete(key)
        await made.process.start(CHENGXIN_REDIS_URL=valkey, CHENGXIN_LIMIT_PREFIX="3/hour")
        yield made


@pytest.mark.asyncio(loop_scope="session")
async def test_the_refusal_says_when_to_come_back(limited: CatalogOffice) -> None:
    people = [identifier(one.value.reveal(), common.IDENTIFIER_KIND_RESIDENT_ID) for one in alike(5)]
    for person in people[:3]:
        await limited.check(person)
    before = limited.last_entry()
    report = sharing_pb2.GetCreditReportRequest(context=context(), subject=people[3])
    batch = sharing_pb2.CheckSubjectsRequest(context=context(), subjects=people[3:])
    check = sharing_pb2.CheckSubjectRequest(context=context(), subject=people[3])
    for name, request in (("GetCreditReport", report), ("CheckSubjects", batch), ("CheckSubject", check)):
        with pytest.raises(RefusedByOffice) as caught:
            await limited.ask("consumer", name, request)
        assert (caught.value.code.name, caught.value.reason) == ("RESOURCE_EXHAUSTED", "TOO_MANY_PERSONS")
        assert "3 per 1 hour" in caught.value.text
        retry = error_details_pb2.RetryInfo()
        assert any(detail.Unpack(retry) for detail in caught.value.details)
        assert 0 < retry.retry_delay.seconds <= 3600
    assert limited.last_entry() == before, "want of capacity is counted and is no entry"
    await limited.check(people[0])
