"""From the contract's responses to this package's types: pure functions."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from google.protobuf.timestamp_pb2 import Timestamp

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.client.answers import (
    Answer,
    Change,
    ChangeKind,
    EndReason,
    JournalReceipt,
    Refusal,
    Report,
    ReportedRecord,
)
from chengxin.client.errors import ChengxinError
from chengxin.client.parties import Identifier
from chengxin.client.records import Severity, SubmitResult
from chengxin.common.v1 import common_pb2

E = TypeVar("E", bound=enum.Enum)


def submit_results(
    drafts: Sequence[record_pb2.RecordDraft], response: record_pb2.SubmitRecordsResponse
) -> list[SubmitResult]:
    """One result for each record of a batch."""
    _one_for_each(drafts, response.results)
    journal = journal_receipt(response.receipt)
    return [
        SubmitResult(
            record_number=result.record_number,
            record_id=result.record_id,
            already_held=result.already_held,
            refusal=_refusal(result),
            warnings=tuple(result.warnings),
            receipt=journal,
        )
        for result in response.results
    ]


def answer(subject: Identifier, given: sharing_pb2.CheckSubjectResponse | sharing_pb2.SubjectAnswer) -> Answer:
    """The answer about one party, alone or as a member of a batch."""
    return Answer(
        subject=subject,
        items=tuple(item.item_code for item in given.items),
        receipt=journal_receipt(given.receipt) if given.HasField("receipt") else None,
        refusal=_refusal(given) if isinstance(given, sharing_pb2.SubjectAnswer) else None,
        something_found=given.found,
    )


def answers(subjects: Sequence[Identifier], response: sharing_pb2.CheckSubjectsResponse) -> list[Answer]:
    """One answer for each party of a batch."""
    _one_for_each(subjects, response.answers)
    return [answer(subject, given) for subject, given in zip(subjects, response.answers, strict=True)]


def report(subject: Identifier, response: sharing_pb2.GetCreditReportResponse) -> Report:
    """The report on one party."""
    return Report(
        subject=subject,
        records=tuple(_reported(given) for given in response.records),
        receipt=journal_receipt(response.receipt),
    )


def changes(response: sharing_pb2.WatchChangesResponse) -> list[Change]:
    """The changes of one batch of the feed."""
    return [
        Change(
            kind=_required(ChangeKind, sharing_pb2.ChangeKind, given.kind),
            record_id=given.record_id,
            version=given.version,
            item_code=given.item_code,
            at=instant(given.at),
            end_reason=_member(EndReason, record_pb2.EndReason, given.end_reason),
        )
        for given in response.changes
    ]


def journal_receipt(message: common_pb2.JournalReceipt) -> JournalReceipt:
    """What names a journal entry."""
    return JournalReceipt(
        source=message.source, entry_id=message.entry_id, as_of=instant(message.as_of), digest=message.digest
    )


def instant(stamp: Timestamp) -> datetime:
    """An instant of the house clock, aware, UTC."""
    return stamp.ToDatetime(tzinfo=UTC)


def _reported(given: sharing_pb2.ReportedRecord) -> ReportedRecord:
    record = given.record
    return ReportedRecord(
        record_id=record.record_id,
        item_code=record.item_code,
        item_title=record.item_title,
        provider=record.provider,
        determining_authority=record.determining_authority,
        severity=_member(Severity, common_pb2.Severity, record.severity),
        determined_on=date.fromisoformat(record.determined_on),
        earliest_repair_on=_day(record.earliest_repair_on),
        ends_before=_day(record.ends_before),
        version=record.version,
        unrepairable=record.unrepairable,
        fields={field.name: field.value for field in given.fields},
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _refusal(given: record_pb2.RecordResult | sharing_pb2.SubjectAnswer) -> Refusal | None:
    if not given.HasField("refusal"):
        return None
    said = given.refusal
    return Refusal(reason=said.reason, field=said.field, message=said.message, remedy=said.remedy)


def _member(kind: type[E], wrapper: Any, number: int) -> E | None:
    """The member that a number of the contract stands for; None for UNSPECIFIED (0)."""
    return _required(kind, wrapper, number) if number else None


def _required(kind: type[E], wrapper: Any, number: int) -> E:
    prefix = wrapper.Name(0).removesuffix("UNSPECIFIED")
    try:
        return kind[wrapper.Name(number).removeprefix(prefix)]
    except (ValueError, KeyError):
        raise ChengxinError(
            f"The house answered with a {kind.__name__} that this client does not know. Update the client."
        ) from None


def _one_for_each(asked: Sequence[Any], given: Sequence[Any]) -> None:
    if len(asked) != len(given):
        raise ChengxinError(f"The house gave {len(given)} results for {len(asked)}; nothing can be matched.")
