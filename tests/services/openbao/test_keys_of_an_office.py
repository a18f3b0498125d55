"""An office whose keys a real OpenBao keeps: what it asks, what it bears, and what a destroyed month means."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import grpc
import psycopg
import pytest
import pytest_asyncio
from psycopg import sql
from psycopg.rows import dict_row

from chengxin.catalog.v1.record_pb2 import RecordDraft
from foundation.crypto import KeyGone, Keyring, OpenFailed, Place, kek_name, open_dek, seal_record
from foundation.crypto.keyring import ASKED_AGAIN_SECONDS, KEPT_SECONDS
from foundation.personal import Personal
from foundation.refusal import Refused
from services.catalog.sealing import Sealer
from tests.services.catalog.drafts import ago, both, lawful, setting
from tests.services.catalog.office import DEPLOYMENT, CatalogOffice, catalog_office, identifier
from tests.services.openbao.server import REMEDIES, TROUBLES, Server
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually
from tests.support.identities import RefusedByOffice
from tests.support.office_process import OfficeProcess


@pytest_asyncio.fixture(scope="module")
async def office(
    openbao: Server, schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[CatalogOffice]:
    """The catalog office as a process, its keys kept by OpenBao."""
    openbao.bao.furnish(("catalog", "audit"))
    folder = tmp_path_factory.mktemp("catalog")
    settings = openbao.bao.settings("catalog")
    async with catalog_office(folder, schema_db("catalog", sample=True), **settings) as running:
        yield running


def of_month(months_ago: int) -> RecordDraft:
    """A lawful draft; another number of months gives another share month, whose key nobody has opened yet."""
    day = ago(40 + 31 * months_ago)
    return lawful(both(setting("document.determined_on", day), setting("document.effective_on", day)))


def log_since(office: CatalogOffice, before: int) -> str:
    return office.process.log[before:]


@pytest.mark.parametrize(("trouble", "months_ago"), [(each, n) for n, each in enumerate(TROUBLES, 1)])
async def test_an_office_bears_each_trouble_and_goes_on_when_it_is_over(
    openbao: Server, office: CatalogOffice, trouble: str, months_ago: int
) -> None:
    known, fresh = lawful(), of_month(months_ago)
    await office.record(known)
    (records,) = office.sql("SELECT count(*) FROM record")
    before = len(office.process.log)
    await openbao.suffer(trouble, "catalog")
    try:
        with pytest.raises(RefusedByOffice) as refused:
            await office.submit(fresh)
        away = trouble in {"sealed", "stopped"}
        assert refused.value.reason == ("KEY_PROVIDER_AWAY" if away else "KEY_PROVIDER_REFUSES")
        assert refused.value.code == grpc.StatusCode.UNAVAILABLE
        assert refused.value.remedy
        assert REMEDIES[trouble] in log_since(office, before)
        assert "Traceback" not in log_since(office, before)
        answer = await office.check(identifier(known.party.identifier.value))
        assert answer.found
        await office.record(lawful())  # a month whose key is open
        assert office.sql("SELECT count(*) FROM record") == [(records[0] + 1,)]
    finally:
        openbao.recover(trouble, "catalog")

    async def accepted() -> bool:
        try:
            return bool((await office.submit(fresh))[0].record_id)
        except RefusedByOffice:
            return False

    await eventually(accepted)
    assert (await office.check(identifier(fresh.party.identifier.value))).found
    assert office.sql("SELECT count(*) FROM record") == [(records[0] + 2,)]


@pytest.mark.parametrize("trouble", ["stopped", "without rights"])
async def test_an_office_that_starts_in_trouble_ends_with_the_remedy(
    openbao: Server, office: CatalogOffice, trouble: str, tmp_path: Path
) -> None:
    second = OfficeProcess(
        "catalog",
        replace(office.identities, folder=_linked(office.identities.folder, tmp_path)),
        office.database,
        CHENGXIN_DOCUMENT_KEY=str(office.identities.folder / "document.key"),
        **openbao.bao.settings("catalog"),
    )
    await openbao.suffer(trouble, "catalog")
    try:
        with pytest.raises(AssertionError):
            await second.start()
    finally:
        openbao.recover(trouble, "catalog")
    assert "not started: no keys" in second.log
    assert REMEDIES[trouble] in second.log
    assert "Traceback" not in second.log


def _linked(folder: Path, to: Path) -> Path:
    """The same identities in another folder, for a process that logs there."""
    for one in folder.iterdir():
        if not one.name.startswith("catalog."):
            (to / one.name).symlink_to(one)
    return to


@dataclass
class Desk:
    """Keyrings on one office's keys in OpenBao, with a clock that stands."""

    openbao: Server
    database: SchemaDatabase
    name: str
    stack: AsyncExitStack
    now: float = 1000.0

    def keyring(self, database: SchemaDatabase | None = None) -> Keyring:
        pool = (database or self.database).open("catalog_worker", pool=2)
        provider = self.openbao.provider(self.name, deployment=DEPLOYMENT)
        made = Keyring(provider, pool, clock=lambda: self.now)
        self.stack.push_async_callback(pool.close)
        self.stack.push_async_callback(made.close)
        return made


@pytest_asyncio.fixture
async def desk(openbao: Server, schema_db: Callable[..., SchemaDatabase]) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        yield Desk(openbao, schema_db("catalog"), openbao.new_office(), stack)


async def test_sealing_and_opening_200_records_asks_the_provider_for_no_record(desk: Desk) -> None:
    keyring = desk.keyring()
    sealed = []
    for _ in range(200):
        place = Place(deployment=DEPLOYMENT, table="record", record_id=uuid4(), version=1, subject_ref=uuid4().bytes)
        share, archive = await keyring.kek("share/2027-03"), await keyring.kek("archive/2031")
        sealed.append((place, seal_record({"facts": "样例"}, place=place, share=share, archive=archive)))
    asked = desk.openbao.requests(desk.name)
    for place, record in sealed:
        kek = await keyring.kek(kek_name(record.share_wrap))
        opened = open_dek(record.share_wrap, kek, place).open_record(record.packed)
        assert opened["facts"].reveal() == "样例"
    assert desk.openbao.requests(desk.name) == asked
    keys = [request for request in asked if "config/keys" not in request]
    assert keys == [
        f"update chengxin/{desk.name}/{operation}/{name}"
        for name in ("share.2027-03", "archive.2031")
        for operation in ("keys", "encrypt", "decrypt")
    ]


async def test_a_stopped_server_stops_no_opened_key_and_a_revoked_token_does(desk: Desk) -> None:
    keyring = desk.keyring()
    key = (await keyring.kek("bucket")).key
    await desk.openbao.suffer("stopped", desk.name)
    try:
        desk.now += ASKED_AGAIN_SECONDS
        assert (await keyring.kek("bucket")).key == key
        await eventually(lambda: keyring._opened["bucket"].asking is None)
        desk.now += KEPT_SECONDS
        assert (await keyring.kek("bucket")).key == key
    finally:
        desk.openbao.recover("stopped", desk.name)
    await eventually(lambda: keyring._opened["bucket"].asking is None)
    await desk.openbao.suffer("without rights", desk.name)
    desk.now += ASKED_AGAIN_SECONDS
    with pytest.raises(Refused, match="KEY_PROVIDER_REFUSES"):
        await keyring.kek("bucket")
    desk.openbao.recover("without rights", desk.name)
    assert (await keyring.kek("bucket")).key == key


async def test_nothing_of_a_destroyed_month_opens_from_a_copy_taken_before(
    openbao: Server, office: CatalogOffice, desk: Desk
) -> None:
    desk.name = "catalog"
    drafts = [of_month(7), of_month(7), of_month(8)]
    await office.record(*drafts)
    await office.process.stop()  # a template may have no visitors
    with copied(office.database) as copy:
        await office.process.start()
        rows = _records(copy)
        month = _month(rows, drafts[0])
        await desk.keyring(copy).kek(month)
        warm = desk.keyring(copy)
        ours = [row for row in rows if kek_name(row["share_wrap"]) == month]
        others = [row for row in rows if kek_name(row["share_wrap"]) != month]
        assert len(ours) == 2
        assert others
        for row in rows:
            assert (await _shared(warm, row))["facts"].reveal() == "样例"

        await desk.keyring(office.database).destroy(month)

        for row in ours:
            with pytest.raises(KeyGone):
                await _shared(desk.keyring(copy), row)
        for row in others:
            assert (await _shared(desk.keyring(copy), row))["facts"].reveal() == "样例"
        for row in ours:  # the archive's way to them is another, and stands
            assert (await _archived(desk.keyring(copy), row))["facts"].reveal() == "样例"
        # Who had it open on the copy, where it is not marked as destroyed, loses it when the provider is asked again.
        desk.now += ASKED_AGAIN_SECONDS
        with pytest.raises(KeyGone):
            await warm.kek(month)
        # Nor does a key of the same name made anew, by somebody with all rights, open it.
        provider = openbao.provider("catalog", token_of="root", deployment=DEPLOYMENT)
        provider.create(month)
        try:
            with pytest.raises(OpenFailed):
                await _shared(desk.keyring(copy), ours[0])
        finally:
            provider.destroy(month)


@contextmanager
def copied(database: SchemaDatabase) -> Iterator[SchemaDatabase]:
    """A copy of the whole database as it is now."""
    parts = urlsplit(database.admin_dsn)
    copy = f"{database.name}_copy"
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as server:
        names = sql.Identifier(copy), sql.Identifier(database.name)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        try:
            yield SchemaDatabase(urlunsplit(parts._replace(path=f"/{copy}")), database.secrets)
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(names[0]))


def _records(database: SchemaDatabase) -> list[dict[str, Any]]:
    with psycopg.connect(database.admin_dsn, row_factory=dict_row) as admin:
        return admin.execute(
            "SELECT * FROM catalog.record JOIN catalog.record_text USING (bucket, record_id)"
            " WHERE share_wrap IS NOT NULL"
        ).fetchall()


def _month(rows: list[dict[str, Any]], draft: RecordDraft) -> str:
    """The share key of a record handed in as `draft`, known by its day."""
    day = draft.document.determined_on
    return next(kek_name(row["share_wrap"]) for row in rows if row["determined_on"].isoformat() == day)


async def _shared(keyring: Keyring, row: dict[str, Any]) -> dict[str, Personal]:
    return await Sealer(keyring, DEPLOYMENT).open_shared(row | {"wrap": row["share_wrap"]}, None)


async def _archived(keyring: Keyring, row: dict[str, Any]) -> dict[str, Personal]:
    return await Sealer(keyring, DEPLOYMENT).open_archived(row | {"wrap": row["archive_wrap"]})
