"""Why an identifier is refused. Nothing is repaired: what is not exactly right goes back."""

from __future__ import annotations

from foundation.refusal import Kind, Reason

_IDENTIFIERS = "GB 32100-2015; GB 11643-1999"

IDENTIFIER_MISSING = Reason(
    "IDENTIFIER_MISSING",
    Kind.INVALID,
    meaning="The party has no identifier.",
    remedy="Give the party's number; a name alone names nobody.",
    source=_IDENTIFIERS,
)
IDENTIFIER_RUINED_BY_SPREADSHEET = Reason(
    "IDENTIFIER_RUINED_BY_SPREADSHEET",
    Kind.INVALID,
    meaning="A spreadsheet turned the number into a rounded one; its last digits are lost.",
    remedy="Take the number from the document again and store the column as text before filling it.",
    source="chengxin/handin/columns.yaml",
)
IDENTIFIER_CHARACTER = Reason(
    "IDENTIFIER_CHARACTER",
    Kind.INVALID,
    meaning="The number holds a character that such a number cannot have.",
    remedy="Remove spaces, hyphens and invisible characters; look for letters of another script.",
    source=_IDENTIFIERS,
)
IDENTIFIER_LENGTH = Reason(
    "IDENTIFIER_LENGTH",
    Kind.INVALID,
    meaning="The number has the wrong length.",
    remedy="Give all 18 characters (a passport number: 5 to 20). 15-digit ID numbers are no longer valid.",
    source=_IDENTIFIERS,
)
IDENTIFIER_CHECK_FAILED = Reason(
    "IDENTIFIER_CHECK_FAILED",
    Kind.INVALID,
    meaning="The check character does not fit the number.",
    remedy="Compare the number with the document; one character at least is wrong.",
    source=_IDENTIFIERS,
)
IDENTIFIER_BIRTH_DATE = Reason(
    "IDENTIFIER_BIRTH_DATE",
    Kind.INVALID,
    meaning="The number holds no possible date of birth: no such day, before 1900, or in the future.",
    remedy="Compare the number with the document.",
    source="GB 11643-1999",
)
IDENTIFIER_KIND_MISMATCH = Reason(
    "IDENTIFIER_KIND_MISMATCH",
    Kind.INVALID,
    meaning="The number is one of another kind than the one named.",
    remedy="Name the right kind: numbers that begin with 81, 82 or 83 are residence permits.",
    source="GB 11643-1999; Residence Permit Measures for Hong Kong, Macao and Taiwan Residents (2018)",
)
