"""Reasons for refusal of the audit office."""

from foundation.refusal import Kind, Reason

BASIS_REQUIRED = Reason(
    "BASIS_REQUIRED",
    Kind.INVALID,
    meaning="A search for the accesses to one party must state the number of the audit it serves.",
    remedy="Give the number of the audit in `basis`, 1 to 100 characters.",
    source="54号 clause 13 (审查和登记)",
)
LOG_NOT_READY = Reason(
    "LOG_NOT_READY",
    Kind.UNAVAILABLE,
    meaning="The log has not published a checkpoint over that yet.",
    remedy="Ask again in a second.",
    source="docs/architecture.md, Journal and log",
)
LOG_RANGE = Reason(
    "LOG_RANGE",
    Kind.INVALID,
    meaning="The log has no such index or size.",
    remedy="Stay at or below the size of the newest checkpoint (GetCheckpoint), with 0 < size1 <= size2.",
    source="RFC 6962 section 2.1",
)
RECEIPT_UNKNOWN = Reason(
    "RECEIPT_UNKNOWN",
    Kind.NOT_FOUND,
    meaning="There is no entry with that source, id and digest.",
    remedy="Take all three from the receipt that came with the answer.",
    source="54号 clause 13 (审查和登记)",
)
