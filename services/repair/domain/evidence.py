"""What may be handed in as evidence, and whether a file is what it claims to be."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from foundation.refusal import Refused
from services.repair.domain.reasons import EVIDENCE_TYPE_FALSE, EVIDENCE_TYPE_UNKNOWN

FILE_BYTES = 20 * 1024 * 1024
PIECE_BYTES = 256 * 1024
FILES = 20
"""Files an application takes."""

_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09, 0x0A, 0x0C, 0x0D})


class MediaType(enum.Enum):
    """The kinds of file that are taken."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"
    TEXT = "text/plain"


_OPENINGS = {MediaType.PDF: b"%PDF-", MediaType.PNG: b"\x89PNG\r\n\x1a\n", MediaType.JPEG: b"\xff\xd8\xff"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FileHeader:
    """What the party says about a file; personal, so it does not print."""

    file_name: str
    media_type: MediaType
    description: str


def media_type_from(text: str) -> MediaType:
    """Read a claimed media type. Raises Refused(EVIDENCE_TYPE_UNKNOWN)."""
    try:
        return MediaType(text.strip().lower())
    except ValueError:
        raise Refused(EVIDENCE_TYPE_UNKNOWN, field="header.evidence.media_type") from None


def sniff(content: bytes | bytearray) -> MediaType | None:
    """The kind of a file by its content alone; None when it is none of those taken."""
    for kind, opening in _OPENINGS.items():
        if content.startswith(opening):
            return kind
    return MediaType.TEXT if _is_plain_text(content) else None


def require_type(content: bytes | bytearray, claimed: MediaType) -> None:
    """Raise Refused(EVIDENCE_TYPE_FALSE) unless the content is of the claimed kind."""
    if sniff(content) is not claimed:
        raise Refused(EVIDENCE_TYPE_FALSE, field="header.evidence.media_type")


def _is_plain_text(content: bytes | bytearray) -> bool:
    if not content or len(content.translate(None, _CONTROLS)) != len(content):
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
