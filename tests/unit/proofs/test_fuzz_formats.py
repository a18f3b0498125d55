"""Whatever bytes come: notes, checkpoints, receipts, certificates, entries and tiles are proved, or a ProofError."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chengxin.proofs import certificate, checkpoint, entry, merkle, note, receipt, tiles
from chengxin.proofs.checkpoint import Checkpoint, sign_checkpoint
from chengxin.proofs.error import ProofError
from chengxin.proofs.tiles import Tile
from chengxin.proofs.walk import walk
from tests.unit.proofs.test_certificates import CERTIFICATE
from tests.unit.proofs.test_receipts import JOURNAL_ENTRY

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "log.example/chengxin"
VKEY = note.vkey(ORIGIN, KEY.public_key())
LEAVES = [bytes([number]) for number in range(9)]
HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]
HEAD = Checkpoint(ORIGIN, 9, merkle.root_from_leaf_hashes(HASHES))
SIGNED = sign_checkpoint(HEAD, KEY)
RECEIPT = receipt.build(entry=LEAVES[4], index=4, proof=merkle.inclusion_proof(HASHES, 4), checkpoint=SIGNED)
NOTED = note.sign(CERTIFICATE, ORIGIN, KEY)
LEAF = JOURNAL_ENTRY.encode()
TILE = b"".join(HASHES)

PIECES = ["\n", "\n\n", " ", "0", "1", "+", "=", "/", "A", "\u2014 ", "\ud800", "\x00", "\r", "\u2028", "９"]
edits = st.lists(
    st.tuples(
        st.sampled_from(["replace", "insert", "delete", "repeat", "cut", "move"]),
        st.floats(0, 1, exclude_max=True),
        st.floats(0, 1, exclude_max=True),
        st.sampled_from(PIECES) | st.characters(),
    ),
    min_size=1,
    max_size=4,
)
byte_edits = st.lists(
    st.tuples(st.sampled_from("rid"), st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=9)),
    min_size=1,
    max_size=4,
)


def edited(text: str, changes: list[tuple[str, float, float, str]]) -> str:
    """The text after some edits."""
    for how, where, to, piece in changes:
        at, end = sorted((int(where * len(text)), int(to * len(text))))
        text = {
            "replace": text[:at] + piece + text[at + 1 :],
            "insert": text[:at] + piece + text[at:],
            "delete": text[:at] + text[end:],
            "repeat": text[:end] + text[at:],
            "cut": text[:at],
            "move": text[end:] + text[at:end] + text[:at],
        }[how]
    return text


def edited_bytes(content: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    """The bytes after some edits."""
    for how, where, piece in changes:
        at = int(where * len(content))
        after = {"r": at + len(piece), "i": at, "d": at + len(piece)}[how]
        content = content[:at] + (b"" if how == "d" else piece) + content[after:]
    return content


def proved(read: Callable[..., Any], *given: Any) -> Any:
    """What a reader makes of something; None for a ProofError. Any other exception is a crash."""
    try:
        return read(*given)
    except ProofError:
        return None


@settings(max_examples=600)
@given(edits)
def test_an_edited_checkpoint_is_the_same_head_or_none(changes: list[Any]) -> None:
    assert proved(checkpoint.verify_checkpoint, edited(SIGNED, changes), VKEY) in (None, HEAD)
    proved(checkpoint.parse, edited(HEAD.text(), changes))
    proved(note.text_of, edited(SIGNED, changes))


@settings(max_examples=600)
@given(edits)
def test_an_edited_receipt_proves_the_same_entry_in_the_same_place_or_nothing(changes: list[Any]) -> None:
    result = proved(receipt.verify_receipt, edited(RECEIPT, changes), VKEY)
    assert result is None or (result.entry, result.index, result.head) == (LEAVES[4], 4, HEAD)


@settings(max_examples=400)
@given(edits)
def test_an_edited_certificate_says_the_same_or_nothing(changes: list[Any]) -> None:
    whole = certificate.verify_certificate(NOTED, VKEY)
    assert proved(certificate.verify_certificate, edited(NOTED, changes), VKEY) in (None, whole)
    # Signed by the right key over another text: of the form, or nothing.
    text = edited(CERTIFICATE, changes)
    signed = proved(note.sign, text, ORIGIN, KEY)
    if signed is not None:
        proved(certificate.verify_certificate, signed, VKEY)


@settings(max_examples=400)
@given(edits)
@example([("replace", 0.0, 0.0, "\ud800")])
def test_an_edited_key_is_the_same_or_none_or_another_and_never_a_crash(changes: list[Any]) -> None:
    other = proved(note.parse_vkey, edited(VKEY, changes))
    assert other is None or other.key_id == note.parse_vkey(VKEY).key_id


@pytest.mark.parametrize("read", [checkpoint.parse, note.text_of, note.parse_vkey, tiles.parse_path])
def test_arbitrary_text_is_never_a_crash(read: Callable[[str], Any]) -> None:
    @settings(max_examples=200)
    @given(st.text() | st.lists(st.sampled_from(PIECES)).map("".join))
    def each(text: str) -> None:
        proved(read, text)

    each()
    assert proved(read, "") is None


@settings(max_examples=1500)
@given(byte_edits)
def test_an_edited_entry_is_another_entry_spelt_its_one_way_or_none(changes: list[Any]) -> None:
    leaf = edited_bytes(LEAF, changes)
    result = proved(entry.decode, leaf)
    assert result is None or result.encode() == leaf


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.binary(max_size=33)
cbor_values = st.recursive(
    plain | st.builds(cbor2.CBORTag, st.sampled_from([0, 1, 2, 4, 5, 30, 35, 37, 100, 258, 260, 43000]), plain),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain, inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=800)
@given(st.dictionaries(st.sampled_from(sorted(cbor2.loads(LEAF))) | plain, cbor_values, max_size=3))
def test_an_entry_with_members_of_any_type_is_an_entry_or_none(changes: dict[Any, Any]) -> None:
    try:
        leaf = cbor2.dumps({**cbor2.loads(LEAF), **changes}, canonical=True)
    except (cbor2.CBORError, TypeError, ValueError, OverflowError):
        return
    result = proved(entry.decode, leaf)
    assert result is None or result.encode() == leaf


@settings(max_examples=800)
@given(st.binary(max_size=40))
def test_arbitrary_bytes_are_no_entry_and_no_crash(leaf: bytes) -> None:
    assert proved(entry.decode, leaf) is None


@settings(max_examples=300)
@given(byte_edits, st.integers(0, 2**64 - 1) | st.integers(0, 20))
def test_tiles_of_any_bytes_make_no_crash_and_no_wrong_root(changes: list[Any], size: int) -> None:
    content = edited_bytes(TILE, changes)
    proved(tiles.split, content)
    root = proved(tiles.root, {Tile(0, 0): content}, size)
    if size == HEAD.size and content[: len(TILE)] != TILE:
        assert root != HEAD.root
    proved(tiles.grow, size, {Tile(0, 0): content}, HASHES[:2])
    proved(tiles.inclusion_proof, {Tile(0, 0): content}, 0, max(1, size))


def served(checkpoint_text: bytes, tile: bytes) -> Callable[[str, int], bytes]:
    """A log that answers every tile alike."""
    return lambda path, most: checkpoint_text if path == "checkpoint" else tile[:most]


@settings(max_examples=300)
@given(byte_edits, byte_edits)
def test_a_log_that_serves_anything_is_walked_to_its_head_or_refused(one: list[Any], two: list[Any]) -> None:
    whole = walk(served(SIGNED.encode(), TILE), vkey=VKEY)
    assert whole.head == HEAD
    given_head, given_tile = edited_bytes(SIGNED.encode(), one), edited_bytes(TILE, two)
    for text, tile in ((given_head, TILE), (SIGNED.encode(), given_tile), (given_head, given_tile)):
        walked = proved(lambda text=text, tile=tile: walk(served(text, tile), vkey=VKEY))
        assert walked in (None, whole)
        proved(lambda text=text, tile=tile: walk(served(text, tile)))


@pytest.mark.parametrize("size", [2**63, 2**64 - 1])
def test_a_log_that_claims_an_absurd_size_is_refused_at_its_first_wrong_tile(size: int) -> None:
    head = sign_checkpoint(Checkpoint(ORIGIN, size, HEAD.root), KEY).encode()
    asked: list[tuple[int, int]] = []
    with pytest.raises(ProofError, match="wrong length"):
        walk(served(head, TILE), vkey=VKEY, progress=lambda done, total, *_: asked.append((done, total)))
    assert asked == []


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 200_000])
def test_tiles_are_counted_as_they_are_listed(size: int) -> None:
    assert tiles.count_of(size) == len(list(tiles.tiles_of(size)))
