"""Base64 as the c2sp.org formats want it: RFC 4648 section 4, one spelling for each value."""

from __future__ import annotations

import base64
import binascii

from chengxin.proofs.error import ProofError


def encode(value: bytes) -> str:
    """Return `value` in standard base64 with padding."""
    return base64.b64encode(value).decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes that `text` spells. Raises ProofError for any but the one canonical spelling."""
    try:
        value = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ProofError("not base64") from None
    if encode(value) != text:
        raise ProofError("not canonical base64")
    return value


def decode_hash(text: str) -> bytes:
    """Return the 32 bytes of a SHA-256 hash. Raises ProofError when it is anything else."""
    value = decode(text)
    if len(value) != 32:
        raise ProofError("a hash must have 32 bytes")
    return value
