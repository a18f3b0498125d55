"""What a log commits to: its origin, size and root. Source: c2sp.org/tlog-checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chengxin.proofs import base64text, decimal, note
from chengxin.proofs.error import ProofError


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of the log named `origin` at `size` leaves; `root` has 32 bytes.

    `extensions` are the lines that a log may add; `chengxin.proofs.positions` reads those of ours.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text that a log signs."""
        lines = (self.origin, str(self.size), base64text.encode(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def parse(text: str) -> Checkpoint:
    """Return the checkpoint that a note's text holds.

    Raises ProofError when it is malformed.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]):
        raise ProofError("not a checkpoint")
    return Checkpoint(lines[0], decimal.parse(lines[1]), base64text.decode_hash(lines[2]), tuple(lines[3:-1]))


def sign_checkpoint(head: Checkpoint, key: Ed25519PrivateKey) -> str:
    """Return the checkpoint as a note signed under the log's origin."""
    return note.sign(head.text(), head.origin, key)


def verify_checkpoint(signed: str, vkey: str) -> Checkpoint:
    """Return the checkpoint in `signed`. Raises ProofError unless the log that `vkey` names signed it."""
    head = parse(note.verify(signed, [vkey]).text)
    if head.origin != note.parse_vkey(vkey).name:
        raise ProofError("the checkpoint is of another log")
    return head
