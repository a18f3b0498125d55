"""The stored formats stay as they are: vectors with fixed randomness, and a second reader of the same formats.

Data in databases and backups has these formats. A change that alters `vectors.json` needs a new format or suite
number and vectors of its own; the ones that are there stay.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from foundation.crypto import (
    FileKeyProvider,
    Kek,
    Suites,
    bucket_of,
    journal_tag,
    name_tag,
    new_dek,
    open_blob,
    open_dek,
    seal_blob,
    seal_record,
    subject_tag,
)
from foundation.crypto.suite import SUITES
from foundation.identity import Identifier, IdentifierKind
from tests.unit.crypto.ciphertexts import PLACE, counted_bytes, personal
from tests.unit.crypto.second_reader import FIRST, SECOND, Reading, prefixed

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))
INDEX_KEY = bytes(range(96, 128))
FIELDS = {"party.name": "湘江示例有限公司", "penalty.amount": "20000.00", "remark": ""}
COMPANY = Identifier(kind=IdentifierKind.USCC, value="91430100MA4L0000XX", canon=1)


READINGS = {"1": FIRST, "2": SECOND}
both = pytest.mark.parametrize("suite", READINGS)


def keks(suite: str) -> tuple[Kek, Kek, Kek]:
    """The keys of share month, archive year and journal year; new data of the suite."""
    names = ("share/2027-03", "archive/2031", "journal/2026")
    chosen = Suites.numbered(int(suite), least=1)
    return tuple(Kek(name, bytes(range(32 * at, 32 * at + 32)), chosen) for at, name in enumerate(names))  # type: ignore[return-value]


def inputs() -> dict[str, Any]:
    """The fixed inputs, for other implementations; random bytes are 0, 1, 2 ... in the order drawn."""
    return {
        "place": {
            "deployment": PLACE.deployment,
            "table": PLACE.table,
            "record_id": PLACE.record_id.hex,
            "version": PLACE.version,
            "subject_ref": PLACE.subject_ref.hex(),
        },
        "keks": {kek.name: kek.key.hex() for kek in keks("1")},
        "fields": FIELDS,
        "blob": {"plaintext": b"officer".hex(), "parts": [b"journal".hex(), b"\x2a".hex()]},
        "index_key": INDEX_KEY.hex(),
        "identifier": {"kind": COMPANY.kind.value, "value": COMPANY.value.reveal()},
        "drawn": "record key, nonce of the share wrap, of the archive wrap, of each field by column; for the blob, its"
        " nonce; the lone field is the remark 样例 under the record key drawn first, with a nonce of zeros",
    }


def made(suite: str) -> dict[str, Any]:
    """What the code makes of the fixed inputs today; bytes in hexadecimal."""
    share, archive, journal = keks(suite)
    sealed = seal_record(FIELDS, place=PLACE, share=share, archive=archive, random=counted_bytes())
    alone = new_dek(PLACE, random=counted_bytes(), suite=SUITES[int(suite)])
    return {
        "share_wrap": sealed.share_wrap.hex(),
        "archive_wrap": sealed.archive_wrap.hex(),
        "packed": sealed.packed.hex(),
        "field": alone.seal("remark", "样例", nonce=bytes(12)).hex(),
        "blob": seal_blob(journal, b"officer", b"journal", b"\x2a", random=counted_bytes()).hex(),
    }


def tags() -> dict[str, Any]:
    """The blind tags of the fixed inputs; the same in every suite."""
    return {
        "subject_tag": subject_tag(INDEX_KEY, COMPANY).hex(),
        "journal_tag": journal_tag(INDEX_KEY, COMPANY).hex(),
        "bucket": bucket_of(INDEX_KEY, COMPANY),
        "name_tag": name_tag(INDEX_KEY, FIELDS["party.name"]),
    }


def test_the_inputs_stand_in_the_file() -> None:
    assert inputs() == VECTORS["inputs"]


@both
def test_what_is_made_today_is_what_was_made_before(suite: str) -> None:
    assert made(suite) == VECTORS["suites"][suite]


def test_tags_made_today_are_those_made_before() -> None:
    assert tags() == VECTORS["tags"]


@both
def test_what_was_made_before_opens_today(suite: str) -> None:
    vectors = VECTORS["suites"][suite]
    share, archive, journal = keks(suite)
    for wrap, kek in (("share_wrap", share), ("archive_wrap", archive)):
        dek = open_dek(bytes.fromhex(vectors[wrap]), kek, PLACE)
        assert dek.open_record(bytes.fromhex(vectors["packed"])) == personal(FIELDS)
    assert open_blob(journal, bytes.fromhex(vectors["blob"]), b"journal", b"\x2a") == b"officer"


@both
def test_a_key_folder_made_before_opens_today(tmp_path: Path, suite: str) -> None:
    stored = VECTORS["provider"]
    tmp_path.chmod(0o700)
    for name in ("root.key", "share.2027-03.kek"):
        (tmp_path / name).write_bytes(bytes.fromhex(stored[name]))
        (tmp_path / name).chmod(0o400)
    wrapped = bytes.fromhex(stored["wrapped"][suite])
    assert FileKeyProvider(tmp_path).unwrap("share/2027-03", wrapped) == bytes(range(32))


@both
def test_the_formats_are_those_in_the_documents(suite: str) -> None:
    """Open the vectors by the documented steps and bare primitives, with none of our own code."""
    vectors, reading = VECTORS["suites"][suite], READINGS[suite]
    packed = bytes.fromhex(vectors["packed"])
    for wrap, kek in zip(("share_wrap", "archive_wrap"), keks(suite), strict=False):
        sealed, aad = bytes.fromhex(vectors[wrap]), _aad(reading, f"key:{kek.name}")
        dek, commitment, _ = reading.under(kek.name, kek.key, sealed, aad)
        field_key, own = reading.record_key(dek)
        assert own == commitment == packed[3:35]
    assert packed[:3] == b"\x01" + reading.head
    shape_end = at = 37 + int.from_bytes(packed[35:37], "big")
    described = b""
    for column, text in sorted(FIELDS.items()):
        padded_bytes = (len(text.encode()) // 32 + 1) * 32
        described += bytes([len(column)]) + column.encode() + struct.pack(">I", padded_bytes + 16)
        nonce, sealed, at = packed[at : at + 12], packed[at + 12 :][: padded_bytes + 16], at + padded_bytes + 28
        padded = reading.field(field_key, nonce, sealed, _aad(reading, column))
        assert padded == text.encode() + b"\x80" + bytes(padded_bytes - len(text.encode()) - 1)
    assert packed[37:shape_end] == described
    assert at == len(packed)


@both
def test_a_wrap_of_another_suite_than_the_fields_names_theirs_behind_the_key(suite: str) -> None:
    other = {"1": "2", "2": "1"}[suite]
    archive, dek = keks(other)[1], new_dek(PLACE, random=counted_bytes(), suite=SUITES[int(suite)])
    wrap = dek.wrap(archive, nonce=bytes(12))
    assert wrap.hex() == VECTORS["rewrapped"][suite]
    assert open_dek(wrap, archive, PLACE).commitment == dek.commitment
    reading = READINGS[other]
    content, commitment, _ = reading.under(archive.name, archive.key, wrap, _aad(reading, f"key:{archive.name}"))
    assert content == bytes(range(32)) + bytes([int(suite)])
    assert READINGS[suite].record_key(content[:32])[1] == commitment


@both
def test_a_field_that_stands_alone_is_read_by_the_documents_too(suite: str) -> None:
    """As in a dossier: head, nonce, ciphertext, tag."""
    reading, dek = READINGS[suite], new_dek(PLACE, random=counted_bytes(), suite=SUITES[int(suite)])
    field = dek.seal("remark", "样例", nonce=bytes(12))
    assert field.hex() == VECTORS["suites"][suite]["field"]
    key = reading.record_key(bytes(range(32)))[0]
    assert field[:2] == reading.head
    padded = reading.field(key, field[2:14], field[14:], _aad(reading, "remark"))
    assert padded == "样例".encode() + b"\x80" + bytes(25)


@both
def test_the_formats_of_blobs_and_of_wrapped_keys_are_those_in_the_documents(suite: str) -> None:
    reading, stored, journal = READINGS[suite], VECTORS["provider"], keks(suite)[2]
    aad = prefixed(b"blob", journal.name.encode(), reading.head, b"journal", b"\x2a")
    blob = bytes.fromhex(VECTORS["suites"][suite]["blob"])
    padded, commitment, own = reading.under(journal.name, journal.key, blob, aad)
    assert (padded, commitment) == (b"officer\x80" + bytes(24), own)

    name = "share/2027-03"
    secret = bytes.fromhex(stored["root.key"]) + bytes.fromhex(stored["share.2027-03.kek"])
    wrapped = bytes.fromhex(stored["wrapped"][suite])
    aad = prefixed(b"kek", name.encode())
    key, commitment, own = reading.under(name, reading.derive(secret, name.encode()), wrapped, aad)
    assert (key, commitment) == (bytes(range(32)), own)


def _aad(reading: Reading, column: str) -> bytes:
    return prefixed(
        PLACE.table.encode(),
        column.encode(),
        PLACE.record_id.bytes,
        struct.pack(">Q", PLACE.version),
        PLACE.subject_ref,
        reading.head,
        PLACE.deployment.encode(),
    )
