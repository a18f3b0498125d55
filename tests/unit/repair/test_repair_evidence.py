"""Evidence is judged by its content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.refusal import Refused
from services.repair.domain.evidence import MediaType, media_type_from, require_type, sniff
from services.repair.domain.reasons import EVIDENCE_TYPE_FALSE, EVIDENCE_TYPE_UNKNOWN

SAMPLES = {
    MediaType.PDF: b"%PDF-1.7\n1 0 obj\n",
    MediaType.PNG: b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    MediaType.JPEG: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    MediaType.TEXT: "已缴纳罚款，见回执。\r\n".encode(),
}


@pytest.mark.parametrize("claimed", MediaType)
@pytest.mark.parametrize("real", MediaType)
def test_a_file_is_taken_only_as_what_it_is(claimed: MediaType, real: MediaType) -> None:
    if claimed is real:
        require_type(SAMPLES[real], claimed)
    else:
        with pytest.raises(Refused) as refused:
            require_type(SAMPLES[real], claimed)
        assert refused.value.reason is EVIDENCE_TYPE_FALSE


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00",
        b"PK\x03\x04",
        b"\x7fELF",
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
def test_other_media_types_are_unknown(claimed: str) -> None:
    with pytest.raises(Refused) as refused:
        media_type_from(claimed)
    assert refused.value.reason is EVIDENCE_TYPE_UNKNOWN


def test_a_media_type_is_read_whatever_its_case() -> None:
    assert media_type_from(" Application/PDF ") is MediaType.PDF
