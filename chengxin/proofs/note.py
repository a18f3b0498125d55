"""Signed notes with Ed25519: a text, an empty line, signature lines. Source: c2sp.org/signed-note."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from chengxin.proofs import base64text
from chengxin.proofs.error import ProofError

MAX_NOTE_BYTES = 1 << 20
MAX_SIGNATURES = 64
SIGNER, COSIGNER = b"\x01", b"\x04"
"""What an Ed25519 key is for: notes, or cosignatures. Part of its id, so that neither counts as the other."""
_DASH = "\u2014 "  # em dash, space


@dataclass(frozen=True, slots=True)
class Verifier:
    """A key that a reader trusts, as its vkey names it."""

    name: str
    key_id: bytes
    public_key: Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class VerifiedNote:
    """A note at least one trusted key signed: its text with the final newline, and those keys' names."""

    text: str
    signers: tuple[str, ...]


def generate_key() -> bytes:
    """Return a new Ed25519 private key as unencrypted PKCS #8 PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def create_key_file(path: Path) -> None:
    """Write a new key to `path`, readable by its owner alone. Raises FileExistsError: keys are not replaced."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "wb") as file:
        file.write(generate_key())
        file.flush()
        os.fsync(file.fileno())


def read_key_file(path: Path) -> Ed25519PrivateKey:
    """Return the key in `path`. Raises PermissionError when others may read it, ValueError for other content."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise PermissionError(f"{path} may be read by others: chmod 400 {path}")
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 key")
    return key


def vkey(name: str, public_key: Ed25519PublicKey, use: bytes = SIGNER) -> str:
    """Return the verifier key `<name>+<key id>+<base64 key>` that readers keep. Raises ProofError for a bad name."""
    _require_name(name)
    raw = _raw(public_key)
    return f"{name}+{_key_id(name, use + raw).hex()}+{base64text.encode(use + raw)}"


def parse_vkey(text: str, use: bytes = SIGNER) -> Verifier:
    """Return the verifier that `text` names. Raises ProofError when it is malformed or no Ed25519 key for `use`."""
    name, plus, rest = text.strip().partition("+")
    key_id, plus2, encoded = rest.partition("+")
    if not plus or not plus2:
        raise ProofError("a vkey has the form name+id+key")
    _require_name(name)
    key = base64text.decode(encoded)
    if key[:1] != use or len(key) != 33:
        raise ProofError("the vkey holds no Ed25519 key for this use")
    expected = _key_id(name, key)
    if key_id != expected.hex():
        raise ProofError("the vkey's id does not fit its key")
    return Verifier(name, expected, Ed25519PublicKey.from_public_bytes(key[1:]))


def sign(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Return `text` as a note signed by `key` under `name`.

    Raises ProofError when the text does not end in a newline or holds a control character.
    """
    _require_name(name)
    _require_clean(text)
    if not text.endswith("\n"):
        raise ProofError("the text must end in a newline")
    key_id = _key_id(name, SIGNER + _raw(key.public_key()))
    return f"{text}\n{signature_line(name, key_id, key.sign(text.encode()))}"


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    """Return the line with which a signature stands under a note."""
    return f"{_DASH}{name} {base64text.encode(key_id + signature)}\n"


def verify(note: str, vkeys: Iterable[str]) -> VerifiedNote:
    """Return what `note` says. Signatures of unknown keys are ignored, as the format demands.

    Raises ProofError when it is malformed, no key of `vkeys` signed it, or a signature of one does not verify.
    """
    verifiers = {(known.name, known.key_id): known for known in map(parse_vkey, vkeys)}
    text, signatures = take_apart(note)
    signers: list[str] = []
    for name, key_id, signature in signatures:
        verifier = verifiers.get((name, key_id))
        if verifier is None:
            continue
        try:
            verifier.public_key.verify(signature, text.encode("utf-8"))
        except InvalidSignature:
            raise ProofError("a signature does not verify") from None
        signers.append(name)
    if not signers:
        raise ProofError("no trusted key signed it")
    return VerifiedNote(text, tuple(signers))


def text_of(note: str) -> str:
    """Return the note's text without looking at its signatures. Raises ProofError when it is malformed."""
    return take_apart(note)[0]


def take_apart(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Return the text, and for each signature its key's name, its key's id and the signature itself, unverified.

    Raises ProofError when it is malformed.
    """
    if len(note) > MAX_NOTE_BYTES:
        raise ProofError("the note is too long")
    _require_clean(note)
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not text or not tail.endswith("\n"):
        raise ProofError("not a signed note")
    lines = tail.removesuffix("\n").split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise ProofError("too many signatures")
    return f"{text}\n", [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise ProofError("not a signature line")
    _require_name(name)
    blob = base64text.decode(encoded)
    if len(blob) < 5:
        raise ProofError("a signature is too short")
    return name, blob[:4], blob[4:]


def _require_name(name: str) -> None:
    if not name or "+" in name or any(letter.isspace() or ord(letter) < 0x20 for letter in name):
        raise ProofError("a key name must hold neither space nor plus")
    _require_clean(name)


def _require_clean(text: str) -> None:
    if any(ord(letter) < 0x20 and letter != "\n" for letter in text):
        raise ProofError("a note must hold no control character but the newline")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ProofError("a note must be valid UTF-8") from None


def _raw(public_key: Ed25519PublicKey) -> bytes:
    return public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def _key_id(name: str, key: bytes) -> bytes:
    return hashlib.sha256(name.encode("utf-8") + b"\n" + key).digest()[:4]
