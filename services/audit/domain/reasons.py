"""Reasons for refusal of the audit office."""

from foundation.refusal import Kind, worded_beside

_reason = worded_beside(__file__)

BASIS_REQUIRED = _reason("BASIS_REQUIRED", Kind.INVALID)
LOG_NOT_READY = _reason("LOG_NOT_READY", Kind.UNAVAILABLE)
LOG_RANGE = _reason("LOG_RANGE", Kind.INVALID)
QUESTION_TOO_WIDE = _reason("QUESTION_TOO_WIDE", Kind.INVALID)
RECEIPT_UNKNOWN = _reason("RECEIPT_UNKNOWN", Kind.NOT_FOUND)
SECOND_AUDITOR_REQUIRED = _reason("SECOND_AUDITOR_REQUIRED", Kind.DENIED)
SECOND_OFFICIAL_REQUIRED = _reason("SECOND_OFFICIAL_REQUIRED", Kind.DENIED)
