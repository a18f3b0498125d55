"""The stored formats stay as they are: vectors with fixed randomness, and a second reader of the same formats.

Data in databases and backups has these formats. A change that alters `vectors.json` needs a new format or suite
number and vectors of its own; the ones that are there stay.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV

from foundation.crypto import (
    FileKeyProvider,
    Kek,
    Place,
    bucket_of,
    journal_tag,
    name_tag,
    open_blob,
    open_dek,
    pack,
    seal_blob,
    seal_record,
    subject_tag,
    unpack,
)
from foundation.identity import Identifier, IdentifierKind
from tests.unit.crypto.ciphertexts import PLACE, counted_bytes

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
SHARE = Kek("share/2027-03", bytes(range(32)))
ARCHIVE = Kek("archive/2031", bytes(range(32, 64)))
JOURNAL = Kek("journal/2026", bytes(range(64, 96)))
INDEX_KEY = bytes(range(96, 128))
FIELDS = {"party.name": "湘江示例有限公司", "penalty.amount": "20000.00", "remark": ""}
COMPANY = Identifier(kind=IdentifierKind.USCC, value="91430100MA4L0000XX", canon=1)


def made() -> dict[str, Any]:
    """What the code makes of the fixed inputs today; bytes in hexadecimal."""
    sealed = seal_record(FIELDS, place=PLACE, share=SHARE, archive=ARCHIVE, random=counted_bytes())
    return {
        "share_wrap": sealed.share_wrap.hex(),
        "archive_wrap": sealed.archive_wrap.hex(),
        "fields": {column: value.hex() for column, value in sealed.fields.items()},
        "packed": pack(sealed.fields).hex(),
        "blob": seal_blob(JOURNAL, b"officer", b"journal", b"\x2a", random=counted_bytes()).hex(),
        "subject_tag": subject_tag(INDEX_KEY, COMPANY).hex(),
        "journal_tag": journal_tag(INDEX_KEY, COMPANY).hex(),
        "bucket": bucket_of(INDEX_KEY, COMPANY),
        "name_tag": name_tag(INDEX_KEY, FIELDS["party.name"]),
    }


def test_what_is_made_today_is_what_was_made_before() -> None:
    assert made() == VECTORS["made"]


def test_what_was_made_before_opens_today() -> None:
    vectors = VECTORS["made"]
    for wrap, kek in (("share_wrap", SHARE), ("archive_wrap", ARCHIVE)):
        dek = open_dek(bytes.fromhex(vectors[wrap]), kek, PLACE)
        packed = unpack(bytes.fromhex(vectors["packed"]))
        assert {column: dek.open(column, value) for column, value in packed.items()} == FIELDS
    assert open_blob(JOURNAL, bytes.fromhex(vectors["blob"]), b"journal", b"\x2a") == b"officer"


def test_a_key_folder_made_before_opens_today(tmp_path: Path) -> None:
    stored = VECTORS["provider"]
    tmp_path.chmod(0o700)
    for name in ("root.key", "share.2027-03.kek"):
        (tmp_path / name).write_bytes(bytes.fromhex(stored[name]))
        (tmp_path / name).chmod(0o400)
    wrapped = bytes.fromhex(stored["wrapped"])
    assert FileKeyProvider(tmp_path).unwrap("share/2027-03", wrapped) == SHARE.key


def test_the_formats_are_those_in_the_documents() -> None:
    """Open the vectors by the documented steps and bare primitives, with none of our own code."""
    vectors = VECTORS["made"]
    wrap = bytes.fromhex(vectors["share_wrap"])
    assert wrap[:3] == bytes((1, 1, len(SHARE.name)))
    name, rest = wrap[3 : 3 + wrap[2]], wrap[3 + wrap[2] :]
    nonce, ciphertext, commitment = rest[:12], rest[12:-32], rest[-32:]
    dek = AESGCMSIV(SHARE.key).decrypt(nonce, ciphertext, _aad(PLACE, f"key:{name.decode()}"))
    assert _expand(dek)[32:] == commitment
    for column, text in FIELDS.items():
        field = bytes.fromhex(vectors["fields"][column])
        assert field[:2] == b"\x01\x01"
        padded = AESGCM(_expand(dek)[:32]).decrypt(field[2:14], field[14:], _aad(PLACE, column))
        assert padded.rstrip(b"\0")[:-1].decode() == text
        assert len(padded) % 32 == 0


def _aad(place: Place, column: str) -> bytes:
    return _prefixed(
        place.table.encode(),
        column.encode(),
        place.record_id.bytes,
        struct.pack(">Q", place.version),
        place.subject_ref,
        b"\x01\x01",
        place.deployment.encode(),
    )


def _prefixed(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _expand(dek: bytes) -> bytes:
    """HKDF-Expand (RFC 5869) to 64 bytes: the field key, then the commitment."""
    info = b"chengxin record key \x01\x01"
    first = hmac.digest(dek, info + b"\x01", hashlib.sha256)
    return first + hmac.digest(dek, first + info + b"\x02", hashlib.sha256)
