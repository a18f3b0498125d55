"""The catalog office as its real process with mutual TLS, and those who call it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc.aio
import psycopg

from chengxin.catalog.v1 import access_pb2, catalog_pb2, record_pb2, sharing_pb2
from chengxin.common.v1 import common_pb2 as common
from chengxin.proofs import note
from foundation.crypto import FileKeyProvider
from services.catalog.law import load_law
from tests.services.catalog.drafts import LICENCE, PENALTY, PROVIDER, WAGES
from tests.support.catalog_house import LAWBOOK, uscc
from tests.support.databases import SchemaDatabase
from tests.support.identities import Identities, RefusedByOffice
from tests.support.office_process import OfficeProcess

DEPLOYMENT = "catalog-test"
HOUSE, STEWARD = uscc(9_000_101), uscc(9_000_102)
CONSUMER, OTHER_CONSUMER, OTHER_PROVIDER = uscc(9_000_103), uscc(9_000_104), uscc(9_000_105)
SYSTEMS = {
    "catalog": (HOUSE, ("office",)),
    "gateway": (HOUSE, ("gateway",)),
    "repair": (HOUSE, ("office",)),
    "provider": (PROVIDER, ("provider",)),
    "other-provider": (OTHER_PROVIDER, ("provider",)),
    "consumer": (CONSUMER, ("consumer", "service_desk")),
    "other-consumer": (OTHER_CONSUMER, ("consumer",)),
    "steward": (STEWARD, ("steward",)),
}
PURPOSE, YES_NO = "licence.review", "tender.qualification"
SHOWN = ("party_name", "facts")
METHODS = {
    method.name: method
    for module in (catalog_pb2, record_pb2, sharing_pb2, access_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
"""Every method of the catalog's contract, as its descriptors say."""


def identifier(value: str, kind: int = common.IDENTIFIER_KIND_USCC) -> common.Identifier:
    """An identifier as a message."""
    return common.Identifier(kind=kind, value=value)  # type: ignore[arg-type]


def context(**changes: str) -> sharing_pb2.QueryContext:
    """On what authority a question is asked."""
    return sharing_pb2.QueryContext(
        **{"purpose": PURPOSE, "matter": "样例-1", "officer": "样例乙", "query_id": str(uuid4()), **changes}
    )


async def stream(messages: Iterable[Any]) -> AsyncIterator[Any]:
    """Messages one after another."""
    for message in messages:
        yield message


LOST = "Internal error from Core"
"""What gRPC's client makes of a status that came while it was still writing (grpc/grpc issue 36066)."""


@dataclass
class CatalogOffice:
    """A running catalog office."""

    identities: Identities
    database: SchemaDatabase
    process: OfficeProcess
    channels: dict[str, grpc.aio.Channel] = field(default_factory=dict)

    def call(
        self,
        system: str,
        name: str,
        *requests: Any,
        timeout: float | None = 10,
        assertion: str = "",
        metadata: tuple[tuple[str, str], ...] = (),
    ) -> Any:
        """Begin a call of a method as a system; it ends as grpc's calls do."""
        method = METHODS[name]
        if system not in self.channels:
            self.channels[system] = self.identities.channel(system, self.process.address)
        shape = "_".join("stream" if side else "unary" for side in (method.client_streaming, method.server_streaming))
        begin = getattr(self.channels[system], shape)(
            f"/{method.containing_service.full_name}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=method.output_type._concrete_class.FromString,
        )
        given = stream(requests) if method.client_streaming else requests[0]
        sent = (*metadata, *([("chengxin-assertion", assertion)] if assertion else []))
        return begin(given, timeout=timeout, metadata=sent)

    async def ask(self, system: str, name: str, *requests: Any, **options: Any) -> Any:
        """Call a method: its response, or all of them where it streams. Raises RefusedByOffice."""
        for _ in range(5):
            call = self.call(system, name, *requests, **options)
            try:
                return [one async for one in call] if METHODS[name].server_streaming else await call
            except grpc.aio.AioRpcError as error:
                if error.details() != LOST:
                    raise RefusedByOffice(error) from None
        raise AssertionError("five statuses in a row were lost")

    async def submit(self, *drafts: record_pb2.RecordDraft) -> list[record_pb2.RecordResult]:
        """Hand records in as the provider, in one message."""
        (response,) = await self.ask("provider", "SubmitRecords", record_pb2.SubmitRecordsRequest(records=drafts))
        return list(response.results)

    async def record(self, *drafts: record_pb2.RecordDraft) -> list[str]:
        """Hand in records that are lawful; gives their ids."""
        results = await self.submit(*drafts)
        assert all(result.record_id for result in results), results
        return [result.record_id for result in results]

    async def check(self, party: common.Identifier, *, by: str = "consumer", **changes: str) -> Any:
        """Ask about a party."""
        request = sharing_pb2.CheckSubjectRequest(context=context(**changes), subject=party)
        return await self.ask(by, "CheckSubject", request)

    async def grant(
        self, system: str, *, purpose: str = PURPOSE, items: tuple[str, ...] = (PENALTY, LICENCE, WAGES)
    ) -> str:
        """Have a grant applied for and approved; gives its id."""
        request = access_pb2.RequestGrantRequest(
            purpose=purpose, item_codes=items, field_names=SHOWN, days=30, justification="样例"
        )
        asked = await self.ask(
            system, "RequestGrant", request, assertion=self.identities.officer("applicant", "case_officer", by=system)
        )
        await self.ask(
            "steward",
            "ApproveGrant",
            access_pb2.ApproveGrantRequest(grant_id=asked.grant.grant_id),
            assertion=self.identities.officer("approver", "steward", by="steward"),
        )
        return asked.grant.grant_id

    def sql(self, statement: str, *params: object) -> list[Any]:
        """Run SQL as the operator."""
        with psycopg.connect(self.database.admin_dsn, options="-c search_path=catalog") as admin:
            cursor = admin.execute(statement, params or None)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def last_entry(self) -> int:
        """Id of the journal's newest entry."""
        return self.sql("SELECT coalesce(max(entry_id), 0) FROM journal")[0][0]

    def entries_after(self, entry_id: int) -> list[tuple[str, str, str, str]]:
        """Kind, authority, decision and reason of later entries, in order."""
        return self.sql(
            "SELECT kind, authority, decision, reason FROM journal WHERE entry_id > %s ORDER BY entry_id", entry_id
        )


@asynccontextmanager
async def catalog_office(folder: Path, database: SchemaDatabase, **settings: str) -> AsyncGenerator[CatalogOffice]:
    """Start the office with the law in force and grants for the consumer, and with further `settings`."""
    identities = Identities.make(folder, database, ["catalog"], trust_domain="catalog.test", systems=SYSTEMS)
    with psycopg.connect(database.admin_dsn) as admin:
        load_law(admin, LAWBOOK)
    await asyncio.to_thread(note.create_key_file, folder / "document.key")
    process = OfficeProcess(
        "catalog",
        identities,
        database,
        CHENGXIN_DEPLOYMENT=DEPLOYMENT,
        CHENGXIN_DOCUMENT_KEY=str(folder / "document.key"),
        **settings,
    )
    FileKeyProvider.initialise(process.keys)
    office = CatalogOffice(identities, database, process)
    await process.start()
    try:
        await office.grant("consumer")
        await office.grant("consumer", purpose=YES_NO)
        yield office
    finally:
        for channel in office.channels.values():
            await channel.close()
        await process.stop()
