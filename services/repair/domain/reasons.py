"""Why the repair office refuses."""

from foundation.refusal import Kind, Reason

RECORD_ENDED = Reason(
    "RECORD_ENDED",
    Kind.PRECONDITION,
    meaning="Sharing of the record has ended already, so nothing is left to repair.",
    remedy="Nothing needs to be done; ask for the withdrawal certificate if you need proof.",
    source="信用修复管理办法 (2026) art. 3; 54号 clause 12",
)
NOT_A_NEGATIVE_FINDING = Reason(
    "NOT_A_NEGATIVE_FINDING",
    Kind.PRECONDITION,
    meaning="The record is no finding of dishonesty, so there is nothing to repair.",
    remedy="If the record is wrong, file an objection with its provider.",
    source="信用修复管理办法 (2026) art. 3",
)
UNREPAIRABLE_BY_LAW = Reason(
    "UNREPAIRABLE_BY_LAW",
    Kind.PRECONDITION,
    meaning="A law, regulation or central policy document excludes this record from repair.",
    remedy="Wait for the end of the publicity period; if the finding is wrong, object to it.",
    source="54号 clause 11",
)
MINIMUM_PUBLICITY_NOT_REACHED = Reason(
    "MINIMUM_PUBLICITY_NOT_REACHED",
    Kind.PRECONDITION,
    meaning="The minimum publicity period of the record is not over yet.",
    remedy="Apply on the earliest day that CheckEligibility names, or later.",
    source="信用修复管理办法 (2026), conditions of repair",
)
APPLICATION_ALREADY_OPEN = Reason(
    "APPLICATION_ALREADY_OPEN",
    Kind.PRECONDITION,
    meaning="An application about this record is open, or granted and being carried out.",
    remedy="Follow that application, or withdraw it before applying again.",
    source="54号 clause 12",
)
COMMITMENT_REQUIRED = Reason(
    "COMMITMENT_REQUIRED",
    Kind.INVALID,
    meaning="Repair needs the party's public credit commitment (信用承诺).",
    remedy="Make the commitment and apply again.",
    source="信用修复管理办法 (2026), conditions of repair",
)
IDEMPOTENCY_KEY_REUSED = Reason(
    "IDEMPOTENCY_KEY_REUSED",
    Kind.CONFLICT,
    meaning="The key was used for an application about another record.",
    remedy="Use a new key for each application.",
    source="contract",
)
STEP_NOT_POSSIBLE = Reason(
    "STEP_NOT_POSSIBLE",
    Kind.PRECONDITION,
    meaning="The application does not stand where this step can be taken.",
    remedy="Read the application again; take the steps in their order, each once.",
    source="54号 clause 11",
)
MISSING_NAMED_BEFORE = Reason(
    "MISSING_NAMED_BEFORE",
    Kind.PRECONDITION,
    meaning="What is missing is named once, all together; for this record that has been done.",
    remedy="Accept the application, then grant it or refuse it with reasons.",
    source="Shenzhen regulation art. 81 (model)",
)
EVIDENCE_TYPE_UNKNOWN = Reason(
    "EVIDENCE_TYPE_UNKNOWN",
    Kind.INVALID,
    meaning="Evidence is taken as PDF, PNG, JPEG or plain text only.",
    remedy="Convert the file and name its media type.",
    source="reliability, uploads",
)
EVIDENCE_TYPE_FALSE = Reason(
    "EVIDENCE_TYPE_FALSE",
    Kind.INVALID,
    meaning="The content of the file is not of the media type that was claimed.",
    remedy="Name the true media type; save plain text as UTF-8.",
    source="reliability, uploads",
)
EVIDENCE_TOO_LARGE = Reason(
    "EVIDENCE_TOO_LARGE",
    Kind.INVALID,
    meaning="A file may have 20 MiB at most, a piece of it 256 KiB.",
    remedy="Reduce the file, or send it as several files and in smaller pieces.",
    source="reliability, server limits",
)
EVIDENCE_OUT_OF_ORDER = Reason(
    "EVIDENCE_OUT_OF_ORDER",
    Kind.INVALID,
    meaning="Evidence is sent as one header, then its content in at least one piece.",
    remedy="Send the header first and once, then the content.",
    source="contract",
)
EVIDENCE_TOO_MANY = Reason(
    "EVIDENCE_TOO_MANY",
    Kind.PRECONDITION,
    meaning="An application takes 20 files at most.",
    remedy="Put several pages into one file.",
    source="reliability, server limits",
)
EVIDENCE_TOO_SLOW = Reason(
    "EVIDENCE_TOO_SLOW",
    Kind.DEADLINE,
    meaning="The upload took longer than two minutes; nothing was kept.",
    remedy="Send the file again over a better connection, or a smaller one.",
    source="reliability, server limits",
)
