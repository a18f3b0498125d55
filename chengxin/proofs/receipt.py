"""Receipts: the proof, in one text, that an entry is in the log. Source: c2sp.org/tlog-proof.

The `extra` line holds the entry itself, so that one file is enough to verify offline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chengxin.proofs import base64text, decimal, note
from chengxin.proofs.checkpoint import Checkpoint, verify_checkpoint
from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import leaf_hash, verify_inclusion

MAGIC = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """An entry that is in the log: the bytes, their index from zero, and the head that holds them."""

    entry: bytes
    index: int
    head: Checkpoint


def build(*, entry: bytes, index: int, proof: Sequence[bytes], checkpoint: str) -> str:
    """Return the receipt of the entry at `index`; `proof` leads to the root in the signed `checkpoint`."""
    lines = [MAGIC, f"extra {base64text.encode(entry)}", f"index {index}", *map(base64text.encode, proof)]
    return "\n".join(lines) + f"\n\n{checkpoint}"


def verify_receipt(text: str, vkey: str, entry: bytes | None = None) -> VerifiedReceipt:
    """Return what the receipt proves. Raises ProofError unless the log that `vkey` names holds the entry.

    `entry` is the entry as its holder kept it; without it the receipt's own copy is taken.
    """
    extra, index, proof, checkpoint = _take_apart(text)
    proved = extra if entry is None else entry
    if proved is None:
        raise ProofError("the receipt does not hold its entry: give the entry")
    if extra not in (None, proved):
        raise ProofError("the receipt is of another entry")
    head = verify_checkpoint(checkpoint, vkey)
    verify_inclusion(leaf_hash(proved), index, head.size, proof, head.root)
    return VerifiedReceipt(proved, index, head)


def _take_apart(text: str) -> tuple[bytes | None, int, list[bytes], str]:
    """The extra data if any, the index, the proof's hashes, the signed checkpoint."""
    if len(text) > note.MAX_NOTE_BYTES:
        raise ProofError("the receipt is too long")
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or lines.pop(0) != MAGIC:
        raise ProofError("not a receipt")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = base64text.decode(lines.pop(0).removeprefix("extra "))
    if not lines or not lines[0].startswith("index "):
        raise ProofError("the receipt names no index")
    index = decimal.parse(lines.pop(0).removeprefix("index "))
    return extra, index, [base64text.decode_hash(line) for line in lines], checkpoint
