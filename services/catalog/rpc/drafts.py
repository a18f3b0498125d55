"""From a RecordDraft message to a draft; what is malformed is refused with the field it concerns."""

from __future__ import annotations

from datetime import date

from chengxin.catalog.v1 import record_pb2
from chengxin.common.v1 import common_pb2
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc.messages import SEVERITIES, date_from, identifier_from, text_from
from services.catalog.domain import reasons
from services.catalog.domain.admission import Draft


def document_kind(number: int) -> str:
    """The kind's name in lower case; raises Refused(DOCUMENT_MISSING) where it is not said or not known."""
    if number not in common_pb2.DocumentKind.values() or number == common_pb2.DOCUMENT_KIND_UNSPECIFIED:
        raise Refused(reasons.DOCUMENT_MISSING, field="document.kind")
    return common_pb2.DocumentKind.Name(number).removeprefix("DOCUMENT_KIND_").lower()  # type: ignore[arg-type]


def draft_from(message: record_pb2.RecordDraft, *, today: date) -> Draft:
    """Read a draft. Raises Refused."""
    document = message.document
    for value, name in (
        (document.number, "number"),
        (document.authority, "authority"),
        (document.determined_on, "determined_on"),
        (document.effective_on, "effective_on"),
    ):
        if not value.strip():
            raise Refused(reasons.DOCUMENT_MISSING, field=f"document.{name}")
    if message.version < 0:
        raise Refused(VALUE_INVALID, field="version")
    if message.severity and message.severity not in SEVERITIES:
        raise Refused(VALUE_INVALID, field="severity")
    return Draft(
        record_number=text_from(message.record_number, field="record_number", longest=100),
        item_code=text_from(message.item_code, field="item_code", longest=100),
        party=identifier_from(message.party.identifier, today=today, field="party.identifier"),
        party_name=text_from(message.party.name, field="party.name", longest=200),
        document_kind=document_kind(document.kind),
        document_number=text_from(document.number, field="document.number", longest=100),
        authority=document.authority,
        determined_on=date_from(document.determined_on, field="document.determined_on"),
        effective_on=date_from(document.effective_on, field="document.effective_on"),
        severity=SEVERITIES.get(message.severity),
        fields=tuple((entry.name, entry.value) for entry in message.fields),
        publicity_until=(
            date_from(message.publicity_until, field="publicity_until") if message.publicity_until else None
        ),
        person_publicity_basis=message.person_publicity_basis,
        sample=message.sample,
        version=message.version or 1,
    )
