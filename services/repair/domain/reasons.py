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
MISSING_NAMED_BEFORE = Reason(
    "MISSING_NAMED_BEFORE",
    Kind.PRECONDITION,
    meaning="What is missing is named once, all together; for this record that has been done.",
    remedy="Accept the application, then grant it or refuse it with reasons.",
    source="Shenzhen regulation art. 81 (model)",
)
EVIDENCE_TOO_MANY = Reason(
    "EVIDENCE_TOO_MANY",
    Kind.PRECONDITION,
    meaning="An application takes 20 files at most.",
    remedy="Put several pages into one file.",
    source="docs/architecture.md, Limits",
)
