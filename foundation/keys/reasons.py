"""Why a rotation is refused."""

from foundation.refusal import Kind, worded_beside

_reason = worded_beside(__file__)

KEY_NOT_ROTATED = _reason("KEY_NOT_ROTATED", Kind.INVALID)
INDEX_NOT_ROTATED = _reason("INDEX_NOT_ROTATED", Kind.INVALID)
ROTATION_UNDER_WAY = _reason("ROTATION_UNDER_WAY", Kind.CONFLICT)
ROTATION_NOT_VERIFIED = _reason("ROTATION_NOT_VERIFIED", Kind.PRECONDITION)
SECOND_CUSTODIAN_NEEDED = _reason("SECOND_CUSTODIAN_NEEDED", Kind.DENIED)
