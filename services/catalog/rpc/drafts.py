"""From a RecordDraft message to a draft; what is malformed is refused with the field it concerns."""

from __future__ import annotations

from datetime import date

from chengxin.catalog.v1 import record_pb2
from chengxin.common.v1 import common_pb2
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc.messages import SEVERITIES, date_from, identifier_from, text_from, word_from
from services.catalog.domain import reasons
from services.catalog.domain.admission import Draft

_NEEDED = ("number", "authority", "determined_on", "effective_on")


def draft_from(message: record_pb2.RecordDraft, *, today: date) -> Draft:
    """Read a draft. Raises Refused."""
    document = message.document
    kind = word_from(common_pb2.DocumentKind, document.kind)
    number, authority, determined_on, effective_on = texts = [getattr(document, name) for name in _NEEDED]
    if not (kind and all(map(str.strip, texts))):
        missing = next((name for name, text in zip(_NEEDED, texts, strict=True) if not text.strip()), "kind")
        raise Refused(reasons.DOCUMENT_MISSING, field=f"document.{missing}")
    if message.version < 0:
        raise Refused(VALUE_INVALID, field="version")
    if message.severity and message.severity not in SEVERITIES:
        raise Refused(VALUE_INVALID, field="severity")
    return Draft(
        record_number=text_from(message.record_number, field="record_number", longest=100),
        item_code=text_from(message.item_code, field="item_code", longest=100),
        party=identifier_from(message.party.identifier, today=today, field="party.identifier"),
        party_name=text_from(message.party.name, field="party.name", longest=200),
        document_kind=kind,
        document_number=text_from(number, field="document.number", longest=100),
        authority=authority,
        determined_on=date_from(determined_on, field="document.determined_on"),
        effective_on=date_from(effective_on, field="document.effective_on"),
        severity=SEVERITIES.get(message.severity),
        fields=tuple([(entry.name, entry.value) for entry in message.fields]),
        publicity_until=(
            date_from(message.publicity_until, field="publicity_until") if message.publicity_until else None
        ),
        person_publicity_basis=message.person_publicity_basis,
        sample=message.sample,
        version=message.version or 1,
    )
