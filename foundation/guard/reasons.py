"""Reasons for which an office stops answering by itself."""

from foundation.refusal import Kind, worded_beside

_reason = worded_beside(__file__)

JOURNAL_BEHIND = _reason("JOURNAL_BEHIND", Kind.UNAVAILABLE)
EPOCH_NOT_ADOPTED = _reason("EPOCH_NOT_ADOPTED", Kind.UNAVAILABLE)
LOG_BEHIND = _reason("LOG_BEHIND", Kind.UNAVAILABLE)
CLOCK_OFF = _reason("CLOCK_OFF", Kind.UNAVAILABLE)
