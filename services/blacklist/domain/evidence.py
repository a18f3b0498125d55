"""Which files are taken as evidence: what they are is judged by their content, not by what is claimed."""

from __future__ import annotations

import enum

from foundation.refusal import Refused
from services.blacklist.domain.reasons import EVIDENCE_EMPTY, EVIDENCE_TOO_LARGE, EVIDENCE_TYPE

LARGEST = 20 * 1024 * 1024
"""Bytes of one piece of evidence at most. Source: reliability, server limits."""

_CONTROL = bytes({*range(32), 0x7F} - {0x09, 0x0A, 0x0C, 0x0D})


class Media(enum.Enum):
    """Media types taken as evidence."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    TEXT = "text/plain"


_MAGIC = {Media.PDF: b"%PDF-", Media.PNG: b"\x89PNG\r\n\x1a\n", Media.JPEG: b"\xff\xd8\xff"}


def media_of(content: bytes | bytearray) -> Media | None:
    """Return what `content` is; None for anything that is not taken. Text is UTF-8 without control characters."""
    for media, magic in _MAGIC.items():
        if content.startswith(magic):
            return media
    if len(content.translate(None, _CONTROL)) != len(content):
        return None
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return Media.TEXT


def taken(content: bytes | bytearray, *, claimed: str) -> Media:
    """Return the media type of a file whose content is what it claims to be.

    Raises Refused(EVIDENCE_EMPTY, EVIDENCE_TOO_LARGE or EVIDENCE_TYPE).
    """
    if not content:
        raise Refused(EVIDENCE_EMPTY, field="content")
    if len(content) > LARGEST:
        raise Refused(EVIDENCE_TOO_LARGE, field="content")
    media = media_of(content)
    if media is None or media.value != claimed.strip().lower().partition(";")[0]:
        raise Refused(EVIDENCE_TYPE, field="header.evidence.media_type")
    return media
