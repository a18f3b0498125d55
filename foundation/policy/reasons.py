"""Why the statutory numbers refuse something."""

from foundation.refusal import Kind, worded_beside

_reason = worded_beside(__file__)

NO_POLICY_IN_FORCE = _reason("NO_POLICY_IN_FORCE", Kind.PRECONDITION)
SLIGHT_NOT_PUBLISHED = _reason("SLIGHT_NOT_PUBLISHED", Kind.PRECONDITION)
PUBLICITY_ENDS_BEFORE_IT_STARTS = _reason("PUBLICITY_ENDS_BEFORE_IT_STARTS", Kind.INVALID)
