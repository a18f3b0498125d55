"""Why the list office refuses. `docs/refusals.md` lists them all."""

from __future__ import annotations

from foundation.refusal import Kind, Reason

_PROCEDURE = "54号 clause 8"

SCHEME_NOT_IN_FORCE = Reason(
    "SCHEME_NOT_IN_FORCE",
    Kind.PRECONDITION,
    meaning="No list scheme of this code is in force.",
    remedy="Name a scheme that ListSchemes gives; a list without a scheme in force cannot be kept.",
    source="54号 clauses 6 and 7",
)
SUBJECT_NOT_COVERED = Reason(
    "SUBJECT_NOT_COVERED",
    Kind.PRECONDITION,
    meaning="The scheme does not cover parties of this type.",
    remedy="Check whether the scheme is for enterprises or for natural persons.",
    source="54号 clause 6",
)
SAMPLE_REFUSED = Reason(
    "SAMPLE_REFUSED",
    Kind.PRECONDITION,
    meaning="Generated sample data is only taken by a sample house.",
    remedy="Open real cases here, and sample cases in a sample house.",
    source="docs/architecture.md, Time",
)
EVIDENCE_MISSING = Reason(
    "EVIDENCE_MISSING",
    Kind.PRECONDITION,
    meaning="There is no evidence to hold against the standard.",
    remedy="Upload the evidence first.",
    source=_PROCEDURE,
)
CRITERION_UNKNOWN = Reason(
    "CRITERION_UNKNOWN",
    Kind.INVALID,
    meaning="The scheme's standard has no such criterion, or none was named, or one twice.",
    remedy="Name criteria of the scheme by their codes, each once.",
    source="54号 clauses 7 and 8",
)
BASIS_NOT_ALLOWED = Reason(
    "BASIS_NOT_ALLOWED",
    Kind.PRECONDITION,
    meaning="Facts cannot rest on a document of this kind.",
    remedy="Name the judgment, award, penalty decision, ruling or other document by law that established them.",
    source="54号 clause 2",
)
BASIS_NOT_EFFECTIVE = Reason(
    "BASIS_NOT_EFFECTIVE",
    Kind.PRECONDITION,
    meaning="The document on which the facts rest is not legally effective yet, or its dates contradict each other.",
    remedy="Wait until it is effective; check both dates.",
    source="54号 clause 2",
)
LENIENCY_CONTRADICTED = Reason(
    "LENIENCY_CONTRADICTED",
    Kind.PRECONDITION,
    meaning="What the leniency answer says of the party's age contradicts the party's number.",
    remedy="Answer the leniency question again.",
    source="54号 clause 10",
)
MEASURE_NOT_IN_FORCE = Reason(
    "MEASURE_NOT_IN_FORCE",
    Kind.PRECONDITION,
    meaning="No measure of this code is in force.",
    remedy="Cite measures of the measures list only.",
    source="54号 clause 9",
)
MEASURE_NOT_FOR_AREA = Reason(
    "MEASURE_NOT_FOR_AREA",
    Kind.PRECONDITION,
    meaning="The measure may not be cited in this list area.",
    remedy="Cite a measure that the measures list gives for the scheme's area.",
    source="54号 clauses 9 and 10",
)
MEASURE_NOT_FOR_SUBJECT = Reason(
    "MEASURE_NOT_FOR_SUBJECT",
    Kind.PRECONDITION,
    meaning="The measure does not bind parties of this type.",
    remedy="Cite a measure that the measures list gives for enterprises or for persons, as the party is.",
    source="54号 clause 9",
)
MEASURE_NOT_PROPOSED = Reason(
    "MEASURE_NOT_PROPOSED",
    Kind.PRECONDITION,
    meaning="The measure was not proposed to the party in the notice.",
    remedy="Decide on measures that the facts found propose; a statement never makes the outcome heavier.",
    source="Administrative Penalty Law arts. 44, 45; 54号 clause 10",
)
PANEL_TOO_SMALL = Reason(
    "PANEL_TOO_SMALL",
    Kind.PRECONDITION,
    meaning="A panel meeting needs at least three different members.",
    remedy="Hold the meeting with at least three members and name each by official number.",
    source=_PROCEDURE,
)
WINDOW_OPEN = Reason(
    "WINDOW_OPEN",
    Kind.PRECONDITION,
    meaning="The party's time for statement and defence is not over.",
    remedy="Decide on or after the day that window_ends_before names.",
    source="Administrative Penalty Law arts. 44, 45, 62, 64",
)
STATEMENT_UNANSWERED = Reason(
    "STATEMENT_UNANSWERED",
    Kind.PRECONDITION,
    meaning="A statement of the party waits for its answer.",
    remedy="Verify what it claims and answer it; the clock stands until then.",
    source="54号 clause 8; Administrative Penalty Law art. 45",
)
STATEMENT_UPHELD = Reason(
    "STATEMENT_UPHELD",
    Kind.PRECONDITION,
    meaning="A statement of the party was upheld; what it refutes cannot be decided all the same.",
    remedy="Decide not to list; new facts need a new case.",
    source="Administrative Penalty Law art. 45",
)
SAME_OFFICIAL = Reason(
    "SAME_OFFICIAL",
    Kind.DENIED,
    meaning="Who investigated or proposed does not decide.",
    remedy="Have another official decide.",
    source="54号 clause 8; Administrative Penalty Law arts. 57, 64",
)
SLIGHT_NOT_LISTED = Reason(
    "SLIGHT_NOT_LISTED",
    Kind.PRECONDITION,
    meaning="A case found slight cannot end on a list of serious dishonesty.",
    remedy="Decide not to list.",
    source="54号 clauses 6 and 10",
)
UNDER_FOURTEEN = Reason(
    "UNDER_FOURTEEN",
    Kind.PRECONDITION,
    meaning="A person under 14 is not listed.",
    remedy="Decide not to list.",
    source="54号 clause 10; Administrative Penalty Law art. 30",
)
DECISION_NUMBER_TAKEN = Reason(
    "DECISION_NUMBER_TAKEN",
    Kind.CONFLICT,
    meaning="The authority has another decision of this number.",
    remedy="Give each decision a number of its own.",
    source="54号 clause 8",
)
NO_DECISION_YET = Reason(
    "NO_DECISION_YET",
    Kind.PRECONDITION,
    meaning="The case has not been decided.",
    remedy="Ask again after Decide.",
    source=_PROCEDURE,
)
LAW_TABLES_DIFFER = Reason(
    "LAW_TABLES_DIFFER",
    Kind.UNAVAILABLE,
    meaning="The database's tables of working days and policy numbers differ from the office's law data.",
    remedy="The operator loads the law data into the database and restarts the office; then call again.",
    source="docs/architecture.md, Statutory numbers",
)
LISTING_BEING_CARRIED_OUT = Reason(
    "LISTING_BEING_CARRIED_OUT",
    Kind.UNAVAILABLE,
    meaning="The catalog has not acknowledged this listing yet, so there is nothing to close.",
    remedy="Call again in a moment.",
    source="docs/architecture.md, Jobs",
)
