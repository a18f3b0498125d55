"""The archive of a catalog on a real PostgreSQL, and those who work at it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from foundation.access import Caller, Officer
from foundation.crypto import FileKeyProvider, Keyring, bucket_of, journal_tag
from foundation.erasure import Eraser, load_retention
from foundation.identity import Identifier
from foundation.journal.writer import BUCKET_KEY, INDEX_KEY
from foundation.personal import Personal
from foundation.refusal import Refused
from foundation.rpc import Call
from services.catalog.office.archive import ArchiveOffice, Opening, Said
from services.catalog.sealing import Sealer, Shown
from services.catalog.worker import Sweeper
from tests.services.archive.erasers import ground
from tests.support.catalog_house import DEPLOYMENT, POLICY, CatalogHouse, catalog_house, uscc
from tests.support.databases import SchemaDatabase

EVERYTHING = 366 * 24 * 3600


@dataclass(kw_only=True)
class ArchiveDesk:
    """Everything a test of the archive needs."""

    house: CatalogHouse
    office: ArchiveOffice
    eraser: Eraser
    sweeper: Sweeper
    keyring: Keyring
    provider: FileKeyProvider
    auditor: Caller
    steward: Caller

    def call(self, method: str, by: Caller, subject: str = "", *roles: str, authority: str = "") -> Call:
        """A call of a system, in the name of an official where one is named."""
        officer = Officer(subject=subject, authority=authority or by.authority, roles=frozenset(roles or by.roles))
        return Call(caller=by, method=f"ArchiveService.{method}", officer=officer if subject else None)

    async def ended(self, party: Identifier, *, reason: str = "repaired", **changes: object) -> UUID:
        """A record about the party whose sharing has ended."""
        (result,) = await self.house.hand_in(self.house.draft(party, **changes))
        assert result.record_id is not None, result
        await self.house.records.withdraw(
            self.house.repair, record_id=result.record_id, record_number="", reason=reason, matter="样例"
        )
        return result.record_id

    async def request(
        self,
        party: Identifier,
        *record_ids: UUID,
        by: Caller | None = None,
        subject: str = "审计甲",
        basis: str = "audit",
        delay_days: int = 0,
        call: Call | None = None,
    ) -> Opening:
        """Apply for an opening."""
        return await self.office.request(
            call or self.call("RequestOpening", by or self.auditor, subject),
            record_ids=record_ids,
            basis=basis,
            delay_days=delay_days,
            said=Said(party=party, basis_number=Personal("样例审〔2026〕1号"), reason=Personal("样例")),
        )

    async def approve(
        self, opening: Opening, party: Identifier, *, by: Caller | None = None, subject: str = "管理乙"
    ) -> Opening:
        """Approve one."""
        call = self.call("ApproveOpening", by or self.steward, subject)
        return await self.office.approve(call, opening.row.opening_id, party)

    async def open(self, opening: Opening, *, by: Caller | None = None, subject: str = "审计甲") -> list[Shown]:
        """Open one."""
        call = self.call("OpenArchive", by or self.auditor, subject)
        shown, _ = await self.office.open(call, opening.row.opening_id)
        return shown

    async def approved(self, party: Identifier, *record_ids: UUID, **changes: Any) -> Opening:
        """An opening that is approved."""
        return await self.approve(await self.request(party, *record_ids, **changes), party)

    async def entries_about(self, party: Identifier) -> list[tuple[str, str, str, str, bool]]:
        """Kind, decision, reason, purpose of the archive's entries about a party, and whether it sees them now."""
        tag = journal_tag((await self.keyring.kek(INDEX_KEY)).key, party)
        bucket = bucket_of((await self.keyring.kek(BUCKET_KEY)).key, party)
        return self.house.sql(
            "SELECT split_part(kind, '.', 2), decision, reason, purpose,"
            " coalesce(visible_from <= catalog.house_now(), true)"
            " FROM catalog.journal_private p JOIN catalog.journal j USING (bucket, entry_id)"
            " WHERE p.bucket = %s AND p.subject_tag = %s AND kind LIKE 'ArchiveService.%%' ORDER BY entry_id",
            bucket,
            tag,
        )  # type: ignore[return-value]


async def refused_as(step: Any) -> str:
    """The reason for which a step is refused, as a code; "" where it is not."""
    try:
        await step
    except Refused as refused:
        return refused.reason.code
    return ""


@asynccontextmanager
async def archive_desk(
    schema_db: Callable[..., SchemaDatabase], folder: Path, *, sample: bool = True
) -> AsyncGenerator[ArchiveDesk]:
    """A catalog with officials at its archive; keys in `folder`."""
    async with catalog_house(schema_db, folder, sample=sample) as house:
        with psycopg.connect(house.database.admin_dsn) as admin:
            load_retention(admin, "catalog", POLICY)
        provider = FileKeyProvider(folder / "keys")
        archiving = ground(house.database, "catalog_archive", provider)
        erasing = ground(house.database, "catalog_eraser", provider)
        yield ArchiveDesk(
            house=house,
            office=ArchiveOffice(archiving.database, Sealer(archiving.keyring, DEPLOYMENT), archiving.journal),
            eraser=Eraser(erasing, house.repair, "erase_records", "erase_ledger"),
            sweeper=house.sweeper(erasing.keyring),
            keyring=archiving.keyring,
            provider=provider,
            auditor=house.enrol(uscc(9000011), "auditor"),
            steward=house.steward,
        )
        for stood_on in (archiving, erasing):
            await stood_on.keyring.close()
            await stood_on.database.close()
