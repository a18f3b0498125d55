"""What the house gives: answers, reports, changes, refusals, receipts. Personal values print redacted."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

from chengxin.client.errors import RefusedError
from chengxin.client.parties import Identifier
from chengxin.client.records import Severity

if TYPE_CHECKING:
    from chengxin.proofs.receipt import VerifiedReceipt


@dataclass(frozen=True, slots=True)
class JournalReceipt:
    """Names the journal entry that was written in the same transaction as the answer.

    `as_of` is the instant (house clock) by which the answer was filtered, `digest` 32 bytes.
    """

    source: str
    entry_id: int
    as_of: datetime
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one member of a batch was refused; see `RefusedError` for the parts."""

    reason: str
    field: str
    message: str
    remedy: str

    def as_error(self) -> RefusedError:
        """The same as an exception."""
        return RefusedError(self.reason, field=self.field, message=self.message, remedy=self.remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whether anything shareable is known about `subject` for the purpose asked.

    `items` are catalog item codes; empty where the purpose needs yes or no only. A member of a batch that was
    refused has `refusal` and no receipt, and its `found` raises: a refusal is not "nothing found".
    """

    subject: Identifier
    items: tuple[str, ...]
    receipt: JournalReceipt | None
    refusal: Refusal | None = None
    something_found: bool = field(repr=False)

    @property
    def found(self) -> bool:
        """True when at least one record is in force that the grant shows. Raises RefusedError if refused."""
        if self.refusal is not None:
            raise self.refusal.as_error()
        return self.something_found


class EndReason(enum.Enum):
    """Why sharing ended. Source: docs/architecture.md, The end of sharing."""

    REPAIRED = "repaired"
    EXPIRED = "expired"
    OBJECTION_UPHELD = "objection_upheld"
    DOCUMENT_REVOKED = "document_revoked"
    REPEALED = "repealed"
    LISTING_CLOSED = "listing_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRecord:
    """One record in force with the fields that the grant shows. Days are days in Asia/Shanghai.

    `earliest_repair_on` and `ends_before` are None where the record is no negative finding or open-ended.
    """

    record_id: str
    item_code: str
    item_title: str
    provider: str
    determining_authority: str
    severity: Severity | None
    determined_on: date
    earliest_repair_on: date | None
    ends_before: date | None
    version: int
    unrepairable: bool
    fields: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The records in force about `subject` that the grant shows, at most 200."""

    subject: Identifier
    records: tuple[ReportedRecord, ...]
    receipt: JournalReceipt


class ChangeKind(enum.Enum):
    """What a change is. After WITHDRAWN delete your copy, then acknowledge."""

    RECORDED = "recorded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of the feed. `at` is house time; `end_reason` is given for a withdrawal."""

    kind: ChangeKind
    record_id: str
    version: int
    item_code: str
    at: datetime
    end_reason: EndReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitResult:
    """What became of one record.

    `already_held` is true when the house had the same record before; it also is when an interrupted batch
    had to be sent again. `warnings` are stable codes such as PUBLICITY_CAPPED.
    """

    record_number: str
    record_id: str
    already_held: bool
    refusal: Refusal | None
    warnings: tuple[str, ...]
    receipt: JournalReceipt

    @property
    def accepted(self) -> bool:
        """True when the house holds the record."""
        return self.refusal is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A proof that the entry behind an answer is in the log; keep `text`, anybody can verify it offline.

    `text` is tlog-proof text (c2sp.org/tlog-proof), `entry` deterministic CBOR, `log_vkey` the verifier key
    that the identity folder names, or empty.
    """

    text: str
    entry: bytes = field(repr=False)
    journal: JournalReceipt
    log_vkey: str

    def verify(self, vkey: str | None = None) -> VerifiedReceipt:
        """Return what the receipt proves; raise chengxin.proofs.ProofError unless it proves this answer's entry.

        `vkey` is the log's verifier key (c2sp.org/signed-note), by default the identity folder's. Take it from
        a source that you trust more than the house itself.
        """
        from chengxin import proofs  # noqa: PLC0415 - needed here only
        from chengxin.proofs import entry  # noqa: PLC0415 - needed here only

        verified = proofs.verify_receipt(self.text, self.log_vkey if vkey is None else vkey)
        proved, named = entry.decode(verified.entry), self.journal
        if (proved.source, proved.entry_id, proved.digest) != (named.source, named.entry_id, named.digest):
            raise proofs.ProofError("the receipt is of another entry than the answer's")
        return verified
