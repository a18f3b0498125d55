"""Why an identifier is refused. Nothing is repaired: what is not exactly right goes back."""

from foundation.refusal import Kind, worded_beside

_reason = worded_beside(__file__)

IDENTIFIER_MISSING = _reason("IDENTIFIER_MISSING", Kind.INVALID)
IDENTIFIER_RUINED_BY_SPREADSHEET = _reason("IDENTIFIER_RUINED_BY_SPREADSHEET", Kind.INVALID)
IDENTIFIER_CHARACTER = _reason("IDENTIFIER_CHARACTER", Kind.INVALID)
IDENTIFIER_LENGTH = _reason("IDENTIFIER_LENGTH", Kind.INVALID)
IDENTIFIER_CHECK_FAILED = _reason("IDENTIFIER_CHECK_FAILED", Kind.INVALID)
IDENTIFIER_BIRTH_DATE = _reason("IDENTIFIER_BIRTH_DATE", Kind.INVALID)
IDENTIFIER_KIND_MISMATCH = _reason("IDENTIFIER_KIND_MISMATCH", Kind.INVALID)
