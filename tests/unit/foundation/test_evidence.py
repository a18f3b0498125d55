"""Evidence is judged by its content, bounded while it comes in, and opens in its place only."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation import reasons
from foundation.crypto import OpenFailed, Place, new_dek
from foundation.evidence import (
    FILE_BYTES,
    PART_BYTES,
    UPLOADS_AT_ONCE,
    FileHeader,
    MediaType,
    Uploads,
    media_type_from,
    seal_file,
    sniff,
)
from foundation.refusal import Reason, Refused

SAMPLES = {
    MediaType.PDF: b"%PDF-1.7\n1 0 obj\n",
    MediaType.PNG: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    MediaType.JPEG: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    MediaType.TEXT: "已缴纳罚款，见回执。\r\n".encode(),
}


async def parts_of(content: bytes, size: int = PART_BYTES) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def collected(claimed: MediaType, parts: AsyncIterator[bytes], uploads: Uploads | None = None) -> bytes:
    async with (uploads or Uploads()).collected(claimed, parts) as content:
        return bytes(content)


async def refusal(claimed: MediaType, parts: AsyncIterator[bytes], uploads: Uploads | None = None) -> Reason:
    with pytest.raises(Refused) as refused:
        await collected(claimed, parts, uploads)
    return refused.value.reason


@pytest.mark.parametrize("claimed", MediaType)
@pytest.mark.parametrize("real", MediaType)
async def test_a_file_is_taken_only_as_what_it_is(claimed: MediaType, real: MediaType) -> None:
    if claimed is real:
        assert await collected(claimed, parts_of(SAMPLES[real])) == SAMPLES[real]
    else:
        assert await refusal(claimed, parts_of(SAMPLES[real])) is reasons.EVIDENCE_TYPE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00",
        b"PK\x03\x04",
        b"\x7fELF",
        b"\xff\xfe\x00",
        b"text with a \x00 byte",
        b"text with \x1b[31mcolour",
        "缴款回执".encode("gb18030"),
        b" %PDF-1.7 is not at the beginning \x01",
    ],
)
def test_nothing_else_is_any_of_them(content: bytes) -> None:
    assert sniff(content) is None


@given(st.binary(max_size=200))
def test_text_is_never_a_file_with_control_bytes(content: bytes) -> None:
    if sniff(content) is MediaType.TEXT:
        assert all(byte >= 0x20 or byte in b"\t\n\f\r" for byte in content)
        content.decode("utf-8")


@pytest.mark.parametrize("claimed", ["", "application/zip", "text/html", "image/svg+xml", "application/pdfx"])
def test_other_media_types_are_refused(claimed: str) -> None:
    with pytest.raises(Refused) as refused:
        media_type_from(claimed)
    assert refused.value.reason is reasons.EVIDENCE_TYPE


@pytest.mark.parametrize("claimed", [" Application/PDF ", "application/pdf; charset=utf-8"])
def test_a_media_type_is_read_whatever_its_case_and_parameters(claimed: str) -> None:
    assert media_type_from(claimed) is MediaType.PDF


async def test_evidence_is_neither_empty_nor_larger_than_twenty_mebibytes() -> None:
    most = b"x" * FILE_BYTES
    assert FILE_BYTES == 20 * 1024 * 1024
    assert len(await collected(MediaType.TEXT, parts_of(most))) == FILE_BYTES
    assert await refusal(MediaType.TEXT, parts_of(most + b"x")) is reasons.EVIDENCE_TOO_LARGE
    assert await refusal(MediaType.TEXT, parts_of(b"")) is reasons.EVIDENCE_OUT_OF_ORDER


async def test_no_part_is_larger_than_256_kibibytes() -> None:
    large = parts_of(b"x" * (PART_BYTES + 1), PART_BYTES + 1)
    assert await refusal(MediaType.TEXT, large) is reasons.EVIDENCE_TOO_LARGE


async def test_an_upload_has_its_time() -> None:
    async def dribble() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    assert await refusal(MediaType.TEXT, dribble(), Uploads(upload_s=0.05)) is reasons.EVIDENCE_TOO_SLOW


async def test_few_files_are_held_at_once() -> None:
    uploads, held, most = Uploads(), 0, 0

    async def hold() -> None:
        nonlocal held, most
        async with uploads.collected(MediaType.TEXT, parts_of(b"text")):
            held += 1
            most = max(most, held)
            await asyncio.sleep(0)
            held -= 1

    await asyncio.gather(*(hold() for _ in range(3 * UPLOADS_AT_ONCE)))
    assert most == UPLOADS_AT_ONCE


def test_a_sealed_file_opens_in_its_place_and_nowhere_else() -> None:
    dek = new_dek(Place(deployment="d", table="t", record_id=UUID(int=1), version=1, subject_ref=b""))
    header = FileHeader(file_name="回执.txt", media_type=MediaType.TEXT, description="缴款回执")
    one, other = (seal_file(dek, header, bytearray(b"text")) for _ in range(2))
    assert dek.open_bytes(f"evidence/{one.evidence_id}/content", one.content) == b"text"
    assert "回执.txt" in dek.open(f"evidence/{one.evidence_id}/header", one.header).reveal()
    assert (one.size, one.sha256) == (4, hashlib.sha256(b"text").digest())
    for column, sealed in (("content", other.content), ("content", one.header), ("header", one.content)):
        with pytest.raises(OpenFailed):
            dek.open_bytes(f"evidence/{one.evidence_id}/{column}", sealed)
    assert "回执" not in repr((header, one))
