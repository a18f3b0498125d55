"""Receipts and entries: what their holder can show to anybody, offline."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from uuid import UUID

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from chengxin.proofs import entry, note, receipt
from chengxin.proofs.checkpoint import Checkpoint, sign_checkpoint
from chengxin.proofs.entry import JournalEntry
from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import inclusion_proof, leaf_hash, root_from_leaf_hashes
from chengxin.proofs.receipt import verify_receipt

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAME = "log.example/chengxin"
VKEY = note.vkey(NAME, KEY.public_key())
ENTRIES = [f"entry {number}".encode() for number in range(7)]
HASHES = [leaf_hash(leaf) for leaf in ENTRIES]


def receipt_of(index: int, size: int = 7) -> str:
    head = Checkpoint(NAME, size, root_from_leaf_hashes(HASHES[:size]))
    return receipt.build(
        entry=ENTRIES[index],
        index=index,
        proof=inclusion_proof(HASHES[:size], index),
        checkpoint=sign_checkpoint(head, KEY),
    )


@pytest.mark.parametrize("index", range(7))
def test_a_receipt_proves_its_entry_offline(index: int) -> None:
    proved = verify_receipt(receipt_of(index), VKEY)
    assert (proved.entry, proved.index, proved.head.size) == (ENTRIES[index], index, 7)


def test_a_receipt_in_a_log_of_one_entry_has_no_hashes() -> None:
    assert verify_receipt(receipt_of(0, 1), VKEY, ENTRIES[0]).head.size == 1


def test_a_receipt_is_only_good_for_its_own_entry_and_log() -> None:
    with pytest.raises(ProofError, match="another entry"):
        verify_receipt(receipt_of(3), VKEY, ENTRIES[4])
    with pytest.raises(ProofError, match="no trusted key"):
        verify_receipt(receipt_of(3), note.vkey("log.example/other", KEY.public_key()))


def test_a_receipt_without_its_entry_needs_the_entry() -> None:
    lines = receipt_of(3).split("\n")
    bare = "\n".join(line for line in lines if not line.startswith("extra "))
    assert verify_receipt(bare, VKEY, ENTRIES[3]).index == 3
    with pytest.raises(ProofError, match="give the entry"):
        verify_receipt(bare, VKEY)
    with pytest.raises(ProofError, match="another root"):
        verify_receipt(bare, VKEY, ENTRIES[4])


@settings(max_examples=200)
@given(st.data())
def test_no_change_of_one_character_in_a_receipt_verifies(data: st.DataObject) -> None:
    text = receipt_of(4)
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda letter: letter != text[at]))
    with pytest.raises(ProofError):
        verify_receipt(text[:at] + other + text[at + 1 :], VKEY)


@given(st.text(max_size=100))
def test_arbitrary_text_is_no_receipt_and_never_a_crash(text: str) -> None:
    for attempt in (text, f"{receipt.MAGIC}\n{text}", f"{receipt.MAGIC}\nindex 0\n\n{text}"):
        with pytest.raises(ProofError):
            verify_receipt(attempt, VKEY, b"")


def test_a_receipt_with_hashes_left_out_or_put_in_is_refused() -> None:
    lines = receipt_of(4).split("\n")
    for changed in (
        [*lines[:3], *lines[4:]],
        [*lines[:3], lines[3], *lines[3:]],
        [*lines[:3], "", *lines[3:]],
        [lines[0], lines[2], lines[1], *lines[3:]],
    ):
        with pytest.raises(ProofError):
            verify_receipt("\n".join(changed), VKEY)


JOURNAL_ENTRY = JournalEntry(
    source="catalog",
    epoch=UUID(int=1),
    node="main",
    xid=2**63,
    entry_id=42,
    at=datetime(2026, 4, 1, 8, 0, 0, 123456, tzinfo=UTC),
    kind="SharingService.CheckSubject",
    query_id=UUID(int=2),
    attempt=1,
    authority="91430000MA4L16JQ9B",
    fingerprint=bytes(32),
    decision="answered",
    as_of=datetime(2026, 4, 1, 8, 0, 0, 123455, tzinfo=UTC),
    door="answer",
    door_no=7,
    digest=b"d" * 32,
    commitment=b"c" * 32,
    purpose="tender",
    grant_id=UUID(int=3),
)


def test_an_entry_comes_back_from_its_leaf_to_the_microsecond() -> None:
    assert entry.decode(JOURNAL_ENTRY.encode()) == JOURNAL_ENTRY


def test_what_is_empty_takes_no_room_in_a_leaf() -> None:
    members = cbor2.loads(JOURNAL_ENTRY.encode())
    assert "reason" not in members
    assert list(members) == sorted(members, key=lambda name: (len(name), name))


TEXTS = st.text(max_size=40) | st.sampled_from(["", "%", "%b%%s", "许可%"])


@given(st.fixed_dictionaries({name: TEXTS for name in ("kind", "node", "purpose", "reason", "door", "authority")}),
       st.fixed_dictionaries({name: st.integers(0, 2**64 - 1) for name in ("xid", "entry_id", "door_no", "attempt")}),
       st.fixed_dictionaries({name: st.binary(max_size=70) for name in ("digest", "commitment", "fingerprint")}),
       st.none() | st.uuids())  # fmt: skip
def test_a_leaf_is_the_deterministic_encoding_of_its_members(
    texts: dict[str, str], numbers: dict[str, int], hashes: dict[str, bytes], grant_id: UUID | None
) -> None:
    leaf = dataclasses.replace(JOURNAL_ENTRY, **texts, **numbers, **hashes, grant_id=grant_id).encode()
    assert cbor2.dumps(cbor2.loads(leaf), canonical=True) == leaf
    decoded = cbor2.loads(leaf)
    for name, value in (texts | numbers | hashes).items():
        assert decoded.get(name, "") == value
    assert decoded.get("grant_id") == (grant_id.bytes if grant_id else None)


def test_an_entry_that_no_bundle_could_hold_is_not_encoded() -> None:
    long = JournalEntry(**{**{f: getattr(JOURNAL_ENTRY, f) for f in JOURNAL_ENTRY.__slots__}, "node": "x" * 65536})
    with pytest.raises(ProofError, match="too long"):
        long.encode()


@given(st.binary(max_size=64))
def test_arbitrary_bytes_are_no_entry_and_never_a_crash(leaf: bytes) -> None:
    with pytest.raises(ProofError):
        entry.decode(leaf)


@pytest.mark.parametrize(
    "change",
    [{"more": 1}, {"source": 1}, {"epoch": b"short"}, {"at": 2**62}, {"attempt": True}, {"purpose": None}, {1: 2}],
)
def test_a_leaf_of_another_form_is_no_entry(change: dict) -> None:
    members = {**cbor2.loads(JOURNAL_ENTRY.encode()), **change}
    with pytest.raises(ProofError):
        entry.decode(cbor2.dumps(members, canonical=True))


def test_another_spelling_of_the_same_entry_is_refused() -> None:
    members = cbor2.loads(JOURNAL_ENTRY.encode())
    other = cbor2.dumps(dict(reversed(members.items())))
    for leaf in (other, JOURNAL_ENTRY.encode() + b"\x00"):
        with pytest.raises(ProofError):
            entry.decode(leaf)
