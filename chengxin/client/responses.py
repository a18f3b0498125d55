"""From the contract's responses to this package's types: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.client.answers import Answer, Change, JournalReceipt, Report, ReportedRecord, SubmitResult
from chengxin.client.errors import ChengxinError
from chengxin.client.mirror import read
from chengxin.client.parties import Identifier


def submit_results(
    drafts: Sequence[record_pb2.RecordDraft], response: record_pb2.SubmitRecordsResponse
) -> list[SubmitResult]:
    """One result for each record of a batch."""
    _one_for_each(drafts, response.results)
    journal = read(JournalReceipt, response.receipt)
    return [read(SubmitResult, result, receipt=journal) for result in response.results]


def answer(subject: Identifier, given: sharing_pb2.CheckSubjectResponse | sharing_pb2.SubjectAnswer) -> Answer:
    """The answer about one party, alone or as a member of a batch."""
    items = tuple(item.item_code for item in given.items)
    return read(Answer, given, subject=subject, items=items, something_found=given.found)


def answers(subjects: Sequence[Identifier], response: sharing_pb2.CheckSubjectsResponse) -> list[Answer]:
    """One answer for each party of a batch."""
    _one_for_each(subjects, response.answers)
    return [answer(subject, given) for subject, given in zip(subjects, response.answers, strict=True)]


def report(subject: Identifier, response: sharing_pb2.GetCreditReportResponse) -> Report:
    """The report on one party."""
    records = tuple(
        read(ReportedRecord, given.record, fields={field.name: field.value for field in given.fields})
        for given in response.records
    )
    return read(Report, response, subject=subject, records=records)


def changes(response: sharing_pb2.WatchChangesResponse) -> list[Change]:
    """The changes of one batch of the feed."""
    return [read(Change, given) for given in response.changes]


def _one_for_each(asked: Sequence[Any], given: Sequence[Any]) -> None:
    if len(asked) != len(given):
        raise ChengxinError(f"The house gave {len(given)} results for {len(asked)}; nothing can be matched.")
