"""From this package's types to the contract's requests: pure functions, both clients use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from chengxin.audit.v1 import audit_pb2
from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.client.answers import Answer, JournalReceipt, Report
from chengxin.client.parties import Identifier
from chengxin.client.records import Record, SubmitResult
from chengxin.common.v1 import common_pb2


@dataclass(frozen=True, slots=True)
class Authority:
    """On what authority a question is asked: purpose, matter, official. Source: 54号 clause 13."""

    purpose: str
    matter: str
    officer: str

    def context(self, query_id: UUID | None = None) -> sharing_pb2.QueryContext:
        """The same as the contract writes it, under a new query id unless one is given."""
        return sharing_pb2.QueryContext(
            purpose=self.purpose,
            matter=self.matter,
            officer=self.officer,
            query_id=str(query_id or uuid4()),
        )


def identifier_message(identifier: Identifier) -> common_pb2.Identifier:
    """The identifier as the contract writes it."""
    kind = common_pb2.IdentifierKind.Value(f"IDENTIFIER_KIND_{identifier.kind.name}")
    return common_pb2.Identifier(kind=kind, value=identifier.value)


def draft(record: Record) -> record_pb2.RecordDraft:
    """The record as the contract writes it."""
    document = record.document
    return record_pb2.RecordDraft(
        record_number=record.record_number,
        item_code=record.item_code,
        party=common_pb2.Party(
            identifier=identifier_message(record.party.identifier), name=record.party.name
        ),
        document=common_pb2.Document(
            kind=common_pb2.DocumentKind.Value(f"DOCUMENT_KIND_{document.kind.name}"),
            number=document.number,
            authority=document.authority,
            determined_on=document.determined_on.isoformat(),
            effective_on=document.effective_on.isoformat(),
        ),
        severity=common_pb2.Severity.Value(
            f"SEVERITY_{record.severity.name}" if record.severity else "SEVERITY_UNSPECIFIED"
        ),
        fields=[common_pb2.FieldValue(name=name, value=value) for name, value in record.fields.items()],
        publicity_until=record.publicity_until.isoformat() if record.publicity_until else "",
        sample=record.sample,
        person_publicity_basis=record.person_publicity_basis,
        version=record.version,
    )


def submit(drafts: Sequence[record_pb2.RecordDraft]) -> record_pb2.SubmitRecordsRequest:
    """Hands in one batch."""
    return record_pb2.SubmitRecordsRequest(records=drafts)


def check(
    subject: Identifier, authority: Authority, query_id: UUID | None
) -> sharing_pb2.CheckSubjectRequest:
    """Asks about one party."""
    return sharing_pb2.CheckSubjectRequest(
        context=authority.context(query_id), subject=identifier_message(subject)
    )


def check_many(subjects: Sequence[Identifier], authority: Authority) -> sharing_pb2.CheckSubjectsRequest:
    """Asks about one batch of parties, under a query id of its own."""
    return sharing_pb2.CheckSubjectsRequest(
        context=authority.context(), subjects=[identifier_message(each) for each in subjects]
    )


def report(
    subject: Identifier, authority: Authority, query_id: UUID | None
) -> sharing_pb2.GetCreditReportRequest:
    """Asks for the report on one party."""
    return sharing_pb2.GetCreditReportRequest(
        context=authority.context(query_id), subject=identifier_message(subject)
    )


def watch(cursor: str, authority: Authority, until_caught_up: bool) -> sharing_pb2.WatchChangesRequest:
    """Asks for changes from `cursor` on."""
    return sharing_pb2.WatchChangesRequest(
        cursor=cursor, context=authority.context(), until_caught_up=until_caught_up
    )


def acknowledge(record_id: str) -> sharing_pb2.AcknowledgeWithdrawalRequest:
    """Acknowledges the deletion of a withdrawn record's copy."""
    return sharing_pb2.AcknowledgeWithdrawalRequest(record_id=record_id)


def journal_of(of: Answer | Report | SubmitResult | JournalReceipt) -> JournalReceipt:
    """What names the journal entry of an answer; ValueError where there is none."""
    journal = of if isinstance(of, JournalReceipt) else of.receipt
    if journal is None:
        raise ValueError("a refused member of a batch has no journal entry of its own")
    return journal


def receipt(journal: JournalReceipt) -> audit_pb2.GetReceiptRequest:
    """Asks for the full receipt of a journal entry."""
    return audit_pb2.GetReceiptRequest(
        source=journal.source, entry_id=journal.entry_id, digest=journal.digest
    )
