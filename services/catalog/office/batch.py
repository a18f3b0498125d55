"""A batch on its way in: judged, tagged and sealed, before anything of it is stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import chain
from typing import NamedTuple
from uuid import UUID, uuid4

from foundation.access import Caller
from foundation.calendar import start_of
from foundation.crypto import Kek, Keyring, KeysInUse
from foundation.refusal import Refused
from services.catalog.domain.admission import Admitted, Draft
from services.catalog.keys import NAME_INDEX, CatalogKeys
from services.catalog.sealing import Sealer
from services.catalog.store.records import StoredRecord, Tags


class BatchKeys(NamedTuple):
    """What a batch is tagged and sealed with, `sealing` by family. Equal as long as none of these keys was changed."""

    catalog: CatalogKeys
    names: KeysInUse
    sealing: dict[str, Kek]

    @classmethod
    async def open(cls, keyring: Keyring, at: datetime, families: Iterable[str]) -> BatchKeys:
        """Open them; those opened in the last minute cost nothing."""
        sealing = {family: await keyring.newest(family) for family in families}
        return cls(await CatalogKeys.open(keyring, at), await keyring.in_use(NAME_INDEX), sealing)


class Batch(NamedTuple):
    """Drafts judged, and those that keep the rules sealed, each for the id of its party as it was looked up.

    `fresh`: ids drawn for parties that were new then; they are theirs only if they still are when it is stored.
    """

    drafts: Sequence[Draft | Refused]
    judged: Sequence[Admitted | Refused]
    admitted: Sequence[Admitted]
    keys: BatchKeys
    tags: Tags
    fresh: Sequence[UUID | None]
    names: Sequence[tuple[int, Sequence[int | None]]]
    sealed: Sequence[StoredRecord]


def sealed_record(
    one: Admitted, sealer: Sealer, keys: BatchKeys, caller: Caller, *, bucket: int, subject_id: UUID, today: date
) -> StoredRecord:
    """Seal an admitted draft under a new record id, for the party of that id."""
    draft, tags = one.draft, keys.catalog
    record_id = uuid4()
    share, archive = map(keys.sealing.__getitem__, sealer.families(one, today))
    sealed = sealer.seal(one, record_id=record_id, subject_id=subject_id, share=share, archive=archive)
    return StoredRecord(
        number_tag=tags.number_tag(caller.authority, draft.record_number),
        content_digest=_content_digest(tags, draft),
        bucket=bucket,
        record_id=record_id,
        version=draft.version,
        subject_id=subject_id,
        person=draft.party.is_person,
        item_code=draft.item_code,
        determining_authority=draft.authority,
        document_kind=draft.document_kind,
        document_tag=tags.document_tag(caller.authority, draft.document_number),
        severity=draft.severity.value if draft.severity else None,
        determined_on=draft.determined_on,
        earliest_repair_on=one.earliest_repair_on,
        ends_before=start_of(one.ends_before),
        public=one.public,
        sample=draft.sample,
        archive_wrap=sealed.archive_wrap,
        share_wrap=sealed.share_wrap,
        fields=sealed.packed,
    )


def _content_digest(keys: CatalogKeys, draft: Draft) -> bytes:
    return keys.content_digest(
        draft.item_code,
        draft.party.kind.value,
        draft.party.value.reveal(),
        draft.party_name,
        draft.document_kind,
        draft.document_number,
        draft.authority,
        draft.determined_on.isoformat(),
        draft.effective_on.isoformat(),
        draft.severity.value if draft.severity else "",
        draft.publicity_until.isoformat() if draft.publicity_until else "",
        str(draft.version),
        draft.person_publicity_basis,
        str(draft.sample),
        *chain.from_iterable(sorted(draft.fields)),
    )
