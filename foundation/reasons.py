"""Reasons for refusal that every office shares: identity, access, transport."""

from foundation.refusal import Kind, Reason

NOT_ENROLLED = Reason(
    "NOT_ENROLLED",
    Kind.UNAUTHENTICATED,
    meaning="The certificate is not enrolled here, has ended, or was revoked.",
    remedy="Have the operator enrol the system (chengxin enroll) and use the new certificate.",
    source="54号 clause 13",
)
ROLE_REQUIRED = Reason(
    "ROLE_REQUIRED",
    Kind.DENIED,
    meaning="The calling system has no role that allows this call.",
    remedy="Ask the operator to enrol the system with the role named.",
    source="54号 clause 13",
)
ASSERTION_REQUIRED = Reason(
    "ASSERTION_REQUIRED",
    Kind.DENIED,
    meaning="This step needs the assertion of a natural person: an official or the party.",
    remedy="Sign in, and send the assertion with the call.",
    source="54号 clauses 8 and 13",
)
ASSERTION_INVALID = Reason(
    "ASSERTION_INVALID",
    Kind.DENIED,
    meaning="The assertion is not valid here: signature, time, issuer, or the certificate it is bound to.",
    remedy="Sign in again; use the assertion at once and from the system it was issued to.",
    source="54号 clause 13",
)
OFFICER_ROLE_REQUIRED = Reason(
    "OFFICER_ROLE_REQUIRED",
    Kind.DENIED,
    meaning="The official has no role that allows this step, or belongs to another authority.",
    remedy="Have an official of the responsible authority with the role named take the step.",
    source="54号 clauses 8 and 13",
)
DEADLINE_REQUIRED = Reason(
    "DEADLINE_REQUIRED",
    Kind.INVALID,
    meaning="A unary call must carry a deadline of at most 10 seconds.",
    remedy="Set a deadline between 100 milliseconds and 10 seconds.",
    source="docs/architecture.md, Limits",
)
DEADLINE_TOO_NEAR = Reason(
    "DEADLINE_TOO_NEAR",
    Kind.DEADLINE,
    meaning="Less than 100 milliseconds are left; nothing was done.",
    remedy="Call again with a later deadline.",
    source="docs/architecture.md, Limits",
)
MESSAGE_TOO_LARGE = Reason(
    "MESSAGE_TOO_LARGE",
    Kind.INVALID,
    meaning="The message is larger than 256 KiB.",
    remedy="Send less at once, or use the streaming call.",
    source="docs/architecture.md, Limits",
)
UNAVAILABLE = Reason(
    "UNAVAILABLE",
    Kind.UNAVAILABLE,
    meaning="The office can't answer now; nothing was disclosed.",
    remedy="Call again with the same query id or idempotency key.",
    source="docs/architecture.md, Limits",
)
STEP_OUT_OF_ORDER = Reason(
    "STEP_OUT_OF_ORDER",
    Kind.PRECONDITION,
    meaning="The case or application does not stand where this step can be taken.",
    remedy="Read it again and take the steps in their order, each once.",
    source="54号 clauses 8 and 11",
)
RULE_HELD_BY_DATABASE = Reason(
    "RULE_HELD_BY_DATABASE",
    Kind.PRECONDITION,
    meaning="The database refused a change that the rules do not allow.",
    remedy="Take the steps in their order; report this to the operator, since the office should have refused.",
    source="54号 clause 8",
)
VALUE_REQUIRED = Reason(
    "VALUE_REQUIRED",
    Kind.INVALID,
    meaning="A required value is missing.",
    remedy="Give the value named by the field.",
    source="contract",
)
VALUE_INVALID = Reason(
    "VALUE_INVALID",
    Kind.INVALID,
    meaning="A value is not of the form that the contract asks for.",
    remedy="Correct the value named by the field.",
    source="contract",
)
IDEMPOTENCY_KEY_REUSED = Reason(
    "IDEMPOTENCY_KEY_REUSED",
    Kind.CONFLICT,
    meaning="The idempotency key belongs to a request with other content.",
    remedy="Choose a new key for each new request.",
    source="contract",
)
EVIDENCE_OUT_OF_ORDER = Reason(
    "EVIDENCE_OUT_OF_ORDER",
    Kind.INVALID,
    meaning="Evidence is sent as one header, then its content in at least one piece.",
    remedy="Send the header first and once, then the content.",
    source="contract",
)
EVIDENCE_TYPE = Reason(
    "EVIDENCE_TYPE",
    Kind.INVALID,
    meaning="The content is not of the media type claimed, or of none that is taken.",
    remedy="Send PDF, PNG, JPEG or plain text in UTF-8, under its own media type.",
    source="docs/architecture.md, Limits",
)
EVIDENCE_TOO_LARGE = Reason(
    "EVIDENCE_TOO_LARGE",
    Kind.INVALID,
    meaning="A piece of evidence may have 20 MiB at most, and each part of it 256 KiB.",
    remedy="Reduce the file, or send it as several files and in smaller parts.",
    source="docs/architecture.md, Limits",
)
EVIDENCE_TOO_SLOW = Reason(
    "EVIDENCE_TOO_SLOW",
    Kind.DEADLINE,
    meaning="The upload took longer than two minutes; nothing was stored.",
    remedy="Upload it again over a better connection, or split it.",
    source="docs/architecture.md, Limits",
)
NOT_FOUND = Reason(
    "NOT_FOUND",
    Kind.NOT_FOUND,
    meaning="There is no such thing, or it is not the caller's.",
    remedy="Check the id; what is another's is answered as if it did not exist.",
    source="54号 clause 13",
)
