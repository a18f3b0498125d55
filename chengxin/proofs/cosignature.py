"""A witness's signature on a checkpoint, with the time of it. Source: c2sp.org/tlog-cosignature, version 1 (Ed25519)."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from chengxin.proofs import note
from chengxin.proofs.error import ProofError

_TIME_BYTES = 8
_BLOB_BYTES = _TIME_BYTES + 64


def vkey(name: str, public_key: Ed25519PublicKey) -> str:
    """Return the verifier key of a witness. Raises ProofError for a bad name."""
    return note.vkey(name, public_key, note.COSIGNER)


def sign(signed: str, name: str, key: Ed25519PrivateKey, *, at: int) -> str:
    """Return the signature line of the witness `name` for a checkpoint, seen at `at` (seconds since 1970).

    Requires 0 <= at < 2**63. Raises ProofError when `signed` is no note.
    """
    blob = at.to_bytes(_TIME_BYTES, "big") + key.sign(_message(note.text_of(signed), at))
    return note.signature_line(name, note.parse_vkey(vkey(name, key.public_key()), note.COSIGNER).key_id, blob)


def verify(signed: str, witness_vkey: str) -> int:
    """Return when the witness that `witness_vkey` names cosigned, in seconds since 1970: the latest time if several.

    Raises ProofError unless it did, or when one of its signatures does not verify.
    """
    witness = note.parse_vkey(witness_vkey, note.COSIGNER)
    text, signatures = note.take_apart(signed)
    times = [
        _time(text, blob, witness.public_key)
        for name, key_id, blob in signatures
        if (name, key_id) == (witness.name, witness.key_id)
    ]
    if not times:
        raise ProofError("the witness did not cosign it")
    return max(times)


def _time(text: str, blob: bytes, key: Ed25519PublicKey) -> int:
    at = int.from_bytes(blob[:_TIME_BYTES], "big")
    if len(blob) != _BLOB_BYTES or at >= 1 << 63:
        raise ProofError("not a cosignature")
    try:
        key.verify(blob[_TIME_BYTES:], _message(text, at))
    except InvalidSignature:
        raise ProofError("the cosignature does not verify") from None
    return at


def _message(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()
