"""Why the statutory numbers refuse something."""

from __future__ import annotations

from foundation.refusal import Kind, Reason

NO_POLICY_IN_FORCE = Reason(
    "NO_POLICY_IN_FORCE",
    Kind.PRECONDITION,
    meaning="No version of the statutory number was in force on the decisive day.",
    remedy="Check the date; if it is right, the operator adds the version that was in force to law/policy.",
    source="docs/architecture.md, Statutory numbers",
)
SLIGHT_NOT_PUBLISHED = Reason(
    "SLIGHT_NOT_PUBLISHED",
    Kind.PRECONDITION,
    meaning="Slight findings are not published under the rule in force on the day of determination.",
    remedy="Leave the finding with the determining authority.",
    source="信用修复管理办法 (NDRC Order 36), classification",
)
PUBLICITY_ENDS_BEFORE_IT_STARTS = Reason(
    "PUBLICITY_ENDS_BEFORE_IT_STARTS",
    Kind.INVALID,
    meaning="The end of publicity does not lie after the day of determination.",
    remedy="Compare both dates with the document.",
    source="54号 clause 5",
)
