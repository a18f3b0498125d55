"""Evidence: which files are taken, how their content is collected from a client, and how they are sealed."""

from __future__ import annotations

import asyncio
import enum
import hashlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from foundation.crypto import Dek
from foundation.reasons import EVIDENCE_OUT_OF_ORDER, EVIDENCE_TOO_LARGE, EVIDENCE_TOO_SLOW, EVIDENCE_TYPE
from foundation.refusal import Refused

FILE_BYTES = 20 * 1024 * 1024
PART_BYTES = 256 * 1024
UPLOADS_AT_ONCE = 4
"""Files held in memory at once by one process; further ones wait."""
UPLOAD_S = 120.0

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
    """What is said of a file before its content comes; personal, so it does not print."""

    file_name: str
    media_type: MediaType
    description: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SealedFile:
    """A file ready to be stored: its size in bytes, the SHA-256 of its content, and two ciphertexts."""

    evidence_id: UUID
    size: int
    sha256: bytes
    header: bytes
    content: bytes


def media_type_from(text: str) -> MediaType:
    """Read a claimed media type, parameters aside. Raises Refused(EVIDENCE_TYPE)."""
    try:
        return MediaType(text.partition(";")[0].strip().lower())
    except ValueError:
        raise Refused(EVIDENCE_TYPE, field="header.evidence.media_type") from None


def sniff(content: bytes | bytearray) -> MediaType | None:
    """The kind of a file by its content alone; None for anything that is not taken.

    Text is UTF-8 without control characters.
    """
    for kind, opening in _OPENINGS.items():
        if content.startswith(opening):
            return kind
    if not content or len(content.translate(None, _CONTROLS)) != len(content):
        return None
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return MediaType.TEXT


class Uploads:
    """Collects files that clients send, a few at once, each within a time."""

    def __init__(self, *, upload_s: float = UPLOAD_S) -> None:
        self._upload_s = upload_s
        self._places = asyncio.Semaphore(UPLOADS_AT_ONCE)

    @asynccontextmanager
    async def collected(self, claimed: MediaType, parts: AsyncIterator[bytes]) -> AsyncGenerator[bytearray]:
        """The content of a file that is what it claims to be; its place is taken until the block ends.

        Raises Refused(EVIDENCE_TOO_LARGE, EVIDENCE_TOO_SLOW, EVIDENCE_OUT_OF_ORDER or EVIDENCE_TYPE).
        """
        async with self._places:
            content = bytearray()
            try:
                async with asyncio.timeout(self._upload_s):
                    async for part in parts:
                        if len(part) > PART_BYTES or len(content) + len(part) > FILE_BYTES:
                            raise Refused(EVIDENCE_TOO_LARGE, field="content")
                        content += part
            except TimeoutError:
                raise Refused(EVIDENCE_TOO_SLOW) from None
            if not content:
                raise Refused(EVIDENCE_OUT_OF_ORDER, field="content")
            if sniff(content) is not claimed:
                raise Refused(EVIDENCE_TYPE, field="header.evidence.media_type")
            yield content


def seal_file(dek: Dek, header: FileHeader, content: bytearray) -> SealedFile:
    """Seal a file under its owner's data key, each ciphertext bound to the file's new id."""
    evidence_id, digest = uuid4(), hashlib.sha256(content).digest()
    said = [header.file_name, header.media_type.value, header.description, digest.hex()]
    return SealedFile(
        evidence_id=evidence_id,
        size=len(content),
        sha256=digest,
        header=dek.seal(f"evidence/{evidence_id}/header", json.dumps(said, ensure_ascii=False)),
        content=dek.seal_bytes(f"evidence/{evidence_id}/content", bytes(content)),
    )


def open_header(dek: Dek, evidence_id: UUID, sealed: bytes) -> tuple[FileHeader, bytes]:
    """What was said of a sealed file, and the SHA-256 of its content. Raises OpenFailed."""
    said = json.loads(dek.open(f"evidence/{evidence_id}/header", sealed).reveal())
    header = FileHeader(file_name=said[0], media_type=MediaType(said[1]), description=said[2])
    return header, bytes.fromhex(said[3])


def open_content(dek: Dek, evidence_id: UUID, sealed: bytes) -> bytes:
    """The content of a sealed file. Raises OpenFailed."""
    return dek.open_bytes(f"evidence/{evidence_id}/content", sealed)
