"""Objects and the messages that mirror them, there and back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.client import requests
from chengxin.client.answers import Change, ChangeKind, EndReason, JournalReceipt, ReportedRecord
from chengxin.client.errors import ChengxinError
from chengxin.client.mirror import mirrored, read
from chengxin.client.parties import Identifier, Party
from chengxin.client.records import Document, DocumentKind, Record, Severity
from chengxin.common.v1 import common_pb2

AT = datetime(2026, 1, 5, 8, 30, tzinfo=UTC)
CHANGE = Change(
    kind=ChangeKind.WITHDRAWN, record_id="r", version=2, item_code="i", at=AT, end_reason=EndReason.REPAIRED
)


@pytest.mark.parametrize("end_reason", [EndReason.REPAIRED, None])
def test_what_is_read_is_what_was_mirrored(end_reason: EndReason | None) -> None:
    change = Change(kind=ChangeKind.WITHDRAWN, record_id="r", version=2, item_code="i", at=AT, end_reason=end_reason)
    assert read(Change, mirrored(sharing_pb2.Change, change)) == change


def test_a_day_that_is_not_told_is_none_and_members_given_are_taken() -> None:
    summary = record_pb2.RecordSummary(record_id="r", determined_on="2026-01-05", severity=common_pb2.SEVERITY_SERIOUS)
    record = read(ReportedRecord, summary, fields={"facts": "x"})
    assert (record.determined_on, record.ends_before) == (date(2026, 1, 5), None)
    assert (record.severity, record.fields) == (Severity.SERIOUS, {"facts": "x"})


def test_what_names_an_entry_is_read_to_the_microsecond() -> None:
    journal = JournalReceipt("catalog", 7, AT.replace(microsecond=123456), b"d" * 32)
    assert read(JournalReceipt, mirrored(common_pb2.JournalReceipt, journal)) == journal


@pytest.mark.parametrize("number", [0, 99])
def test_an_enum_that_this_client_does_not_know_is_told_and_never_guessed(number: int) -> None:
    message = mirrored(sharing_pb2.Change, CHANGE, kind=number)
    with pytest.raises(ChengxinError, match="a ChangeKind that this client does not know"):
        read(Change, message)


def test_a_record_is_sent_with_all_that_it_says() -> None:
    document = Document(
        kind=DocumentKind.PENALTY_DECISION,
        number="湘罚1",
        authority="A",
        determined_on=date(2026, 1, 5),
        effective_on=date(2026, 1, 6),
    )
    party = Party(Identifier.uscc("U"), "N")
    record = Record(record_number="1", item_code="i", party=party, document=document, fields={"facts": "x"})
    assert requests.draft(record) == record_pb2.RecordDraft(
        record_number="1",
        item_code="i",
        party=common_pb2.Party(
            identifier=common_pb2.Identifier(kind=common_pb2.IDENTIFIER_KIND_USCC, value="U"), name="N"
        ),
        document=common_pb2.Document(
            kind=common_pb2.DOCUMENT_KIND_PENALTY_DECISION,
            number="湘罚1",
            authority="A",
            determined_on="2026-01-05",
            effective_on="2026-01-06",
        ),
        fields=[common_pb2.FieldValue(name="facts", value="x")],
        version=1,
    )
