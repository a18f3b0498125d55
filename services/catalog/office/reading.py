"""What is read without a purpose: by the party itself, by who answers for a record, and by everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chengxin.proofs import note
from foundation.access import Caller, Person
from foundation.calendar import day_of
from foundation.crypto import epoch_of, name_tag
from foundation.db import Database, Row
from foundation.identity import Identifier, IdentifierKind, canonicalise, fold_name, mask_identifier, mask_name
from foundation.journal import Receipt
from foundation.personal import NOTHING, Personal
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from services.catalog.domain import reasons
from services.catalog.domain.certificate import Receiver, withdrawal_certificate
from services.catalog.keys import NAME_INDEX, CatalogKeys
from services.catalog.office.sharing import SOURCE
from services.catalog.sealing import DOCUMENT_NUMBER, PARTY_IDENTIFIER, PARTY_NAME, RECORD_NUMBER, Sealer, Shown
from services.catalog.store.answers import ALL_OF_IT, Wanted

CANDIDATES = 500
"""Records opened at most for one page of a search by name: three times what a name of 10 million records shares."""
ANSWERABLE = ("provider", "repair_authority", "list_authority", "office")
"""Roles of systems that answer for records, and of the offices that act for a party."""


@dataclass(frozen=True, slots=True)
class ReadingOffice:
    """Shows what is held; of a party only with an entry in the same transaction."""

    database: Database
    sealer: Sealer
    document_key: Ed25519PrivateKey

    async def now(self) -> datetime:
        """The house's time."""
        async with self.database.transaction() as tx:
            return tx.now

    async def own_records(self, caller: Caller, person: Person, query_id: UUID) -> tuple[list[Shown], Receipt]:
        """What is held about the asking party: all fields while shared, without fields afterwards."""
        party = person.identifier
        async with self.database.transaction() as tx:
            keys = await CatalogKeys.open(self.sealer.keyring, tx.now)
            private = keys.private(party, officer=caller.officer, matter=caller.matter)
            held = await tx.call(
                "own",
                fingerprint=caller.fingerprint,
                bucket=private.bucket,
                tag=keys.subject_tag(party),
                query=query_id,
                journal_tag=private.tag,
                desk=caller.desk,
                **private.arguments(),
            )
            row: Row = held.one()
        shown: list[Shown] = []
        for record in row.records or []:
            opened = await self.sealer.open_shared(record, None) if record["wrap"] else {}
            shown.append(Shown(row=record, fields={k: v for k, v in opened.items() if k != RECORD_NUMBER}))
        return shown, Receipt.of(SOURCE, row)

    async def record(
        self, caller: Caller, record_id: UUID, *, matter: Personal, about: Identifier | None, query_id: UUID
    ) -> tuple[dict[str, Any], Receipt]:
        """One record without its fields, for who answers for it. Raises Refused(NOT_FOUND) also for another's."""
        caller.require_role(*ANSWERABLE)
        row = await self._provided(
            caller, "RecordService.GetRecord", record_id, about=about, person=False, matter=matter, query_id=query_id
        )
        return row.record, Receipt.of(SOURCE, row)

    async def certificate(
        self, caller: Caller, person: Person | None, record_id: UUID, query_id: UUID
    ) -> tuple[str, list[Receiver], Receipt]:
        """The signed certificate of a withdrawal, naming every receiver and whether it acknowledged.

        Raises Refused(NOT_ENDED) while the record is shared.
        """
        if person is None:
            caller.require_role(*ANSWERABLE)
        row = await self._provided(
            caller,
            "SharingService.GetWithdrawalCertificate",
            record_id,
            about=person.identifier if person else None,
            person=person is not None,
            matter=NOTHING,
            query_id=query_id,
        )
        receivers = [Receiver.read(entry) for entry in row.receivers]
        deployment = self.sealer.deployment
        text = withdrawal_certificate(row.record, receivers, issued_at=row.as_of, deployment=deployment)
        signed = note.sign(text, f"{deployment}/catalog", self.document_key)
        return signed, receivers, Receipt.of(SOURCE, row)

    async def _provided(
        self,
        caller: Caller,
        kind: str,
        record_id: UUID,
        *,
        about: Identifier | None,
        person: bool,
        matter: Personal,
        query_id: UUID,
    ) -> Row:
        async with self.database.transaction() as tx:
            keys = await CatalogKeys.open(self.sealer.keyring, tx.now)
            private = keys.private(about, officer=caller.officer, matter=matter or caller.matter)
            held = await tx.call(
                "provided",
                fingerprint=caller.fingerprint,
                kind=kind,
                record_id=record_id,
                tag=keys.subject_tag(about) if about else None,
                person=person,
                query=query_id,
                journal_tag=private.tag,
                desk=caller.desk,
                **private.arguments(),
            )
            row: Row = held.one()
        if row.record is None:
            raise Refused(NOT_FOUND if row.shared is None else reasons.NOT_ENDED, field="record_id")
        return row

    async def published_named(
        self,
        name: str,
        wanted: Wanted = ALL_OF_IT,
        *,
        item_code: str,
        before: date | None,
        after: UUID | None,
        most: int,
    ) -> tuple[list[Shown], dict[str, Any] | None]:
        """A page of what is published about organisations of a name, and the row to go on after, if there is more.

        Names are equal that fold alike. At most CANDIDATES records are opened, so that a page may hold fewer, or none.
        """
        kek = (await self.sealer.keyring.in_use(NAME_INDEX)).reading
        asked = {"epoch": epoch_of(kek.name), "tag": name_tag(kek, name), **asdict(wanted)}
        page = {"item_code": item_code, "before": before, "after": after, "most": CANDIDATES}
        async with self.database.transaction() as tx:
            rows: Sequence[Row] = (await tx.call("published_named", **asked, **page)).all()
        sought, shown = fold_name(name), list[Shown]()
        for row in rows:
            one = await self._public(row, day_of(tx.now))
            if fold_name(one.fields[PARTY_NAME].reveal()) == sought:
                if len(shown) == most:
                    return shown, shown[-1].row
                shown.append(one)
        return shown, dict(rows[-1]._asdict()) if len(rows) == CANDIDATES else None

    async def published(
        self,
        wanted: Wanted = ALL_OF_IT,
        organisation: Identifier | None = None,
        *,
        item_code: str,
        before: date | None,
        after: UUID | None,
        most: int,
    ) -> list[Shown]:
        """A page of what the law publishes; a natural person's name and number are masked (54号 clause 4).

        Of one `organisation` where it is given; no natural person is found so.
        """
        async with self.database.transaction() as tx:
            of: dict[str, Any] = {"bucket": None, "tag": None}
            if organisation is not None:
                keys = await CatalogKeys.open(self.sealer.keyring, tx.now)
                of = {"bucket": keys.bucket_of(organisation), "tag": keys.subject_tag(organisation)}
            page = {"item_code": item_code, "before": before, "after": after, "most": most}
            rows: Sequence[Row] = (await tx.call("published", **asdict(wanted), **of, **page)).all()
        return [await self._public(row, day_of(tx.now)) for row in rows]

    async def _public(self, row: Row, today: date) -> Shown:
        record = {**row._asdict(), "wrap": row.share_wrap}
        opened = await self.sealer.open_shared(record, {PARTY_NAME, PARTY_IDENTIFIER, DOCUMENT_NUMBER})
        return Shown(row=record, fields=_masked(opened, person=row.person, today=today))


def _masked(fields: dict[str, Personal], *, person: bool, today: date) -> dict[str, Personal]:
    kind, _, number = fields[PARTY_IDENTIFIER].reveal().partition(":")
    if person:
        identifier = canonicalise(IdentifierKind(kind), number, today=today)
        return {
            **fields,
            PARTY_NAME: Personal(mask_name(fields[PARTY_NAME].reveal())),
            PARTY_IDENTIFIER: Personal(mask_identifier(identifier)),
        }
    return {**fields, PARTY_IDENTIFIER: Personal(number)}
