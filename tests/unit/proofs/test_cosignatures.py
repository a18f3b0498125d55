"""Cosignatures (c2sp.org/tlog-cosignature v1), and the positions of sources in a checkpoint."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from chengxin.proofs import ProofError, cosignature, note, sign_checkpoint, verify_checkpoint
from chengxin.proofs.checkpoint import Checkpoint
from chengxin.proofs.merkle import EMPTY_ROOT
from chengxin.proofs.positions import SourcePosition, positions_in, require_forward

LOG = Ed25519PrivateKey.from_private_bytes(bytes(32))
WITNESS = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAME = "witness.example/w1"
VKEY = cosignature.vkey(NAME, WITNESS.public_key())
SIGNED = sign_checkpoint(Checkpoint("log", 0, EMPTY_ROOT, ("more",)), LOG)
LOG_VKEY = note.vkey("log", LOG.public_key())


def position(**changes: object) -> SourcePosition:
    values = {"source": "catalog", "epoch": "0" * 32, "xid": 7, "entry_id": 9, "commitment": bytes(32)}
    return SourcePosition(**{**values, **changes})  # type: ignore[arg-type]


def test_a_cosigned_checkpoint_verifies_by_both_keys() -> None:
    cosigned = SIGNED + cosignature.sign(SIGNED, NAME, WITNESS, at=1_790_000_000)
    assert cosignature.verify(cosigned, VKEY) == 1_790_000_000
    assert verify_checkpoint(cosigned, LOG_VKEY).extensions == ("more",)


def test_the_published_example_of_the_format_has_this_form() -> None:
    line = cosignature.sign(SIGNED, NAME, WITNESS, at=1679315147)
    _, [_, (name, key_id, blob)] = note.take_apart(SIGNED + line)
    assert (name, key_id) == (NAME, note.parse_vkey(VKEY, note.COSIGNER).key_id)
    assert blob[:8] == (1679315147).to_bytes(8, "big")
    message = f"cosignature/v1\ntime 1679315147\n{note.text_of(SIGNED)}".encode()
    WITNESS.public_key().verify(blob[8:], message)


def test_the_newest_of_several_cosignatures_counts() -> None:
    cosigned = SIGNED + "".join(cosignature.sign(SIGNED, NAME, WITNESS, at=at) for at in (5, 9, 7))
    assert cosignature.verify(cosigned, VKEY) == 9


def test_a_key_for_notes_is_no_witness_and_a_witness_signs_no_note() -> None:
    with pytest.raises(ProofError):
        cosignature.verify(SIGNED, note.vkey(NAME, WITNESS.public_key()))
    with pytest.raises(ProofError):
        note.verify(SIGNED + cosignature.sign(SIGNED, NAME, WITNESS, at=1), [VKEY])


@pytest.mark.parametrize("changed", ["other\n", "time"])
def test_a_changed_text_or_time_does_not_verify(changed: str) -> None:
    line = cosignature.sign(SIGNED, NAME, WITNESS, at=1)
    if changed == "time":
        _, [(_, key_id, blob)] = note.take_apart(f"text\n\n{line}")
        line = note.signature_line(NAME, key_id, (2).to_bytes(8, "big") + blob[8:])
        cosigned = SIGNED + line
    else:
        cosigned = SIGNED.replace("more\n", changed) + line
    with pytest.raises(ProofError):
        cosignature.verify(cosigned, VKEY)


@pytest.mark.parametrize("blob", [b"", bytes(71), bytes(73), b"\xff" * 72])
def test_a_cosignature_of_another_length_or_time_is_malformed(blob: bytes) -> None:
    key_id = note.parse_vkey(VKEY, note.COSIGNER).key_id
    with pytest.raises(ProofError):
        cosignature.verify(SIGNED + note.signature_line(NAME, key_id, blob), VKEY)


def test_who_did_not_cosign_is_not_found() -> None:
    with pytest.raises(ProofError):
        cosignature.verify(SIGNED, VKEY)


def test_positions_come_back_as_they_went() -> None:
    one, other = position(), position(source="repair", xid=2**64 - 1)
    head = Checkpoint("log", 0, EMPTY_ROOT, (one.line(), "something else", other.line()))
    assert positions_in(head) == {"catalog": one, "repair": other}


@pytest.mark.parametrize(
    "lines",
    [
        ("source catalog",),
        (position().line() + " more",),
        (position().line().replace(" 7 ", " 07 "),),
        (position(epoch="G" * 32).line(),),
        (position(xid=2**64).line(),),
        (position(commitment=bytes(31)).line(),),
        (position().line(), position(entry_id=10).line()),
    ],
)
def test_a_malformed_position_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(ProofError):
        positions_in(Checkpoint("log", 0, EMPTY_ROOT, lines))


@given(st.text(max_size=120))
def test_any_line_is_a_position_another_line_or_refused(text: str) -> None:
    try:
        found = positions_in(Checkpoint("log", 0, EMPTY_ROOT, (f"source {text}",)))
    except ProofError:
        return
    assert [one.line() for one in found.values()] == [f"source {text}"]


def test_positions_only_go_forward_and_a_new_epoch_is_named() -> None:
    was = {"catalog": position()}
    for now in (position(), position(xid=8, entry_id=1), position(entry_id=10)):
        assert require_forward(was, {"catalog": now}) == {}
    begun = position(epoch="1" * 32, xid=0, entry_id=0)
    assert require_forward(was, {"catalog": begun}) == {"catalog": begun}
    assert require_forward({}, {"catalog": begun}) == {}
    for back in (position(xid=6), position(entry_id=8), position(commitment=b"x" * 32)):
        with pytest.raises(ProofError):
            require_forward(was, {"catalog": back})
    with pytest.raises(ProofError):
        require_forward(was, {})
