"""Drafts of records as providers hand them in: one that is lawful, to be changed in one way each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from chengxin.catalog.v1.record_pb2 import RecordDraft
from chengxin.common.v1 import common_pb2 as common
from foundation.calendar import day_of
from foundation.identity import resident_check_digit
from foundation.refusal import Refused
from services.catalog.domain.admission import Draft
from services.catalog.office.records import HandedIn
from services.catalog.rpc.drafts import draft_from
from tests.support.catalog_house import CatalogHouse, uscc

TODAY = day_of(datetime.now(UTC))
PENALTY, LICENCE, WAGES = "cn.penalty", "cn.licence", "cn.list.wages"
ENDED_ITEM = "cn.list.serious_illegal_enterprises"
PROVIDER = uscc(9_000_001)
_FIELDS = {
    PENALTY: ("violation_type", "facts", "legal_basis", "penalty_category", "penalty_content"),
    LICENCE: ("document_title", "licence_category", "licence_content"),
    WAGES: ("scheme", "criterion", "facts", "legal_basis", "measures", "removal_conditions", "remedies"),
}
_KINDS = {
    PENALTY: common.DOCUMENT_KIND_PENALTY_DECISION,
    LICENCE: common.DOCUMENT_KIND_LICENCE_DECISION,
    WAGES: common.DOCUMENT_KIND_LISTING_DECISION,
}

Change = Callable[[RecordDraft], object]


def ago(days: int) -> str:
    """The day so many days before today, as messages have it."""
    return (TODAY - timedelta(days=days)).isoformat()


def resident(serial: int, born: date = date(1990, 3, 7)) -> str:
    """A well-formed resident number that names nobody in particular."""
    first = f"430102{born:%Y%m%d}{serial:03d}"
    return first + resident_check_digit(first)


def lawful(change: Change | None = None, *, item: str = PENALTY, party: str = "") -> RecordDraft:
    """A draft that keeps every rule, then changed."""
    draft = RecordDraft(
        record_number=f"R-{uuid4()}",
        item_code=item,
        party=common.Party(
            identifier=common.Identifier(
                kind=common.IDENTIFIER_KIND_USCC, value=party or uscc(uuid4().int % 9_000_000)
            ),
            name="样例企业",
        ),
        document=common.Document(
            kind=_KINDS[item],
            number=f"样例〔2026〕{uuid4().hex[:8]}号",
            authority=PROVIDER,
            determined_on=ago(40),
            effective_on=ago(40),
        ),
        severity=common.SEVERITY_UNSPECIFIED if item == LICENCE else common.SEVERITY_ORDINARY,
        fields=[common.FieldValue(name=name, value="样例") for name in _FIELDS[item]],
        sample=True,
    )
    if change is not None:
        change(draft)
    return draft


def about_a_person(draft: RecordDraft, *, number: str = "", kind: int = common.IDENTIFIER_KIND_RESIDENT_ID) -> None:
    """Make the party a natural person."""
    draft.party.identifier.kind = kind  # type: ignore[assignment]
    draft.party.identifier.value = number or resident(uuid4().int % 1000)
    draft.party.name = "样例甲"


def field(draft: RecordDraft, name: str, value: str) -> None:
    """Give a field, in place of the one there is."""
    kept = [one for one in draft.fields if one.name != name]
    del draft.fields[:]
    draft.fields.extend([*kept, common.FieldValue(name=name, value=value)])


def setting(path: str, value: object) -> Change:
    """Set one value of the draft, by its dotted path."""

    def change(draft: RecordDraft) -> None:
        holder: Any = draft
        *outer, last = path.split(".")
        for name in outer:
            holder = getattr(holder, name)
        setattr(holder, last, value)

    return change


def without(name: str) -> Change:
    """Leave one field out."""

    def change(draft: RecordDraft) -> None:
        kept = [one for one in draft.fields if one.name != name]
        del draft.fields[:]
        draft.fields.extend(kept)

    return change


def giving(name: str, value: str) -> Change:
    """Give one field."""
    return lambda draft: field(draft, name, value)


def both(*changes: Change) -> Change:
    """Several changes that make up one."""

    def change(draft: RecordDraft) -> None:
        for one in changes:
            one(draft)

    return change


def read(message: RecordDraft) -> Draft | Refused:
    """What the office reads in a message."""
    try:
        return draft_from(message, today=TODAY)
    except Refused as refused:
        return refused


async def handed_in(desk: CatalogHouse, *messages: RecordDraft) -> list[HandedIn]:
    """Hand a batch in as the provider."""
    results, _ = await desk.records.hand_in(desk.provider, [read(message) for message in messages])
    return results
