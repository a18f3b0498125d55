"""Why the gateway itself says no. What an office says is passed on as it is."""

from foundation.refusal import Kind, Reason

SIGN_IN_REQUIRED = Reason(
    "SIGN_IN_REQUIRED",
    Kind.UNAUTHENTICATED,
    meaning="Nobody is signed in, or the session has ended.",
    remedy="Sign in at /api/v1/session/sign-in.",
    source="54号 clause 13",
)
SIGN_IN_FAILED = Reason(
    "SIGN_IN_FAILED",
    Kind.DENIED,
    meaning="The sign-in was not completed, was begun elsewhere, or its answer is not genuine.",
    remedy="Begin again at /api/v1/session/sign-in in the same browser.",
    source="OpenID Connect Core 3.1.3.7",
)
SIGN_IN_UNAVAILABLE = Reason(
    "SIGN_IN_UNAVAILABLE",
    Kind.UNAVAILABLE,
    meaning="The identity provider can't be reached.",
    remedy="Try again later.",
    source="OpenID Connect Discovery 4",
)
IDENTITY_NOT_VERIFIED = Reason(
    "IDENTITY_NOT_VERIFIED",
    Kind.DENIED,
    meaning="The identity provider did not verify who this is well enough, or names no usable number.",
    remedy="Sign in with a verified identity (实名认证).",
    source="54号 clause 14",
)
CSRF_TOKEN_WRONG = Reason(
    "CSRF_TOKEN_WRONG",
    Kind.DENIED,
    meaning="The request does not carry the token of this session.",
    remedy="Send csrf_token from GET /api/v1/session as the header X-CSRF-Token.",
    source="docs/architecture.md, Limits",
)
RATE_LIMITED = Reason(
    "RATE_LIMITED",
    Kind.EXHAUSTED,
    meaning="Too many requests in a short time.",
    remedy="Wait as long as the header Retry-After says.",
    source="docs/architecture.md, Limits",
)
SESSIONS_UNAVAILABLE = Reason(
    "SESSIONS_UNAVAILABLE",
    Kind.UNAVAILABLE,
    meaning="The session store can't be reached; nothing was done.",
    remedy="Try again later.",
    source="docs/architecture.md, Data",
)
BODY_TOO_LARGE = Reason(
    "BODY_TOO_LARGE",
    Kind.INVALID,
    meaning="The request body is larger than 64 KiB (evidence: 20 MiB).",
    remedy="Send less at once.",
    source="docs/architecture.md, Limits",
)
EVIDENCE_FORM_INVALID = Reason(
    "EVIDENCE_FORM_INVALID",
    Kind.INVALID,
    meaning="The upload is not multipart/form-data with the field description before one file.",
    remedy="Send the text field `description`, then the part `file` with its name and media type.",
    source="RFC 7578",
)
NO_ANSWER_IN_TIME = Reason(
    "NO_ANSWER_IN_TIME",
    Kind.DEADLINE,
    meaning="An office did not answer in time; whether it acted is not known.",
    remedy="Look at the state again; repeat an application with the same Idempotency-Key.",
    source="docs/architecture.md, Limits",
)
METHOD_NOT_ALLOWED = Reason(
    "METHOD_NOT_ALLOWED",
    Kind.INVALID,
    meaning="The address does not know this method.",
    remedy="See /api/v1/openapi.json.",
    source="RFC 9110",
)
OFFICE_FAILED = Reason(
    "OFFICE_FAILED",
    Kind.UNAVAILABLE,
    meaning="An office did not answer as the contract says.",
    remedy="Try again later; if it stays, tell the operator the request id.",
    source="contract",
)
GATEWAY_FAILED = Reason(
    "GATEWAY_FAILED",
    Kind.UNAVAILABLE,
    meaning="The gateway failed at this request.",
    remedy="Try again later; if it stays, tell the operator the request id.",
    source="contract",
)
