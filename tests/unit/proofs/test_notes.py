"""Signed notes and checkpoints: as other implementations write them, and nothing looser."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from chengxin.proofs import checkpoint, note
from chengxin.proofs.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import EMPTY_ROOT

VECTOR = json.loads((Path(__file__).parent / "vectors" / "signed_note.json").read_text(encoding="utf-8"))
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAME = "log.example/chengxin"
VKEY = note.vkey(NAME, KEY.public_key())
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))


def test_the_published_note_verifies_and_is_written_the_same_way() -> None:
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(VECTOR["private_key_base64"])[1:])
    assert note.vkey(VECTOR["name"], key.public_key()) == VECTOR["vkey"]
    assert note.sign(VECTOR["text"], VECTOR["name"], key) == VECTOR["note"]
    assert note.verify(VECTOR["note"], [VECTOR["vkey"]]).text == VECTOR["text"]


def test_a_note_says_who_of_the_trusted_signed_it() -> None:
    signed = note.sign("一\n\n二\n", NAME, KEY)
    second = note.sign("一\n\n二\n", "witness.example", OTHER).rpartition("\n\n")[2]
    both = signed + second
    verified = note.verify(both, [VKEY, note.vkey("witness.example", OTHER.public_key())])
    assert verified.text == "一\n\n二\n"
    assert verified.signers == (NAME, "witness.example")
    assert note.verify(both, [VKEY]).signers == (NAME,)


def test_a_note_without_a_trusted_signature_is_refused() -> None:
    signed = note.sign("text\n", NAME, KEY)
    for vkeys in ([], [note.vkey(NAME, OTHER.public_key())], [note.vkey("log.example/other", KEY.public_key())]):
        with pytest.raises(ProofError, match="no trusted key"):
            note.verify(signed, vkeys)


def test_a_changed_note_is_refused_even_where_another_trusted_key_signed_it() -> None:
    changed = note.sign("text\n", NAME, KEY).replace("text", "test")
    witness = note.sign("test\n", "witness.example", OTHER).rpartition("\n\n")[2]
    with pytest.raises(ProofError, match="does not verify"):
        note.verify(changed + witness, [VKEY, note.vkey("witness.example", OTHER.public_key())])


@given(st.data())
def test_no_change_of_one_character_verifies(data: st.DataObject) -> None:
    signed = note.sign("text of a note\n", NAME, KEY)
    at = data.draw(st.integers(0, len(signed) - 1))
    other = data.draw(st.characters().filter(lambda letter: letter != signed[at]))
    with pytest.raises(ProofError):
        note.verify(signed[:at] + other + signed[at + 1 :], [VKEY])


@given(st.text(max_size=80))
def test_arbitrary_text_is_refused_and_never_a_crash(text: str) -> None:
    for check in (note.text_of, note.parse_vkey, checkpoint.parse):
        with pytest.raises(ProofError):
            check(text)


@pytest.mark.parametrize(
    "damaged",
    [
        "text\n",
        "text\n\n",
        "\n\n— a AAAAAAA=\n",
        "text\n\n— log.example/chengxin AAAAAAA=",
        "text\n\n— log.example/chengxin\n",
        "text\n\n- log.example/chengxin AAAAAAA=\n",
        "text\n\n— log.example/chengxin AAAA\n",
        "text\n\n— log.example/chengxin A\n",
        "text\r\n\n— log.example/chengxin AAAAAAA=\n",
        "text\x00\n\n— log.example/chengxin AAAAAAA=\n",
        "text\n\n" + "— a AAAAAAA=\n" * 65,
        "x" * (note.MAX_NOTE_BYTES + 1),
    ],
)
def test_a_damaged_note_is_refused(damaged: str) -> None:
    with pytest.raises(ProofError):
        note.verify(damaged, [VKEY])


@pytest.mark.parametrize("text", ["no newline", "tab\t\n", "carriage\r\n", "\ud800\n"])
def test_what_a_note_cannot_hold_is_not_signed(text: str) -> None:
    with pytest.raises(ProofError):
        note.sign(text, NAME, KEY)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\nb"])
def test_a_key_needs_a_name_without_space_or_plus(name: str) -> None:
    with pytest.raises(ProofError):
        note.vkey(name, KEY.public_key())


@pytest.mark.parametrize(
    "damaged", [VKEY.replace(NAME, "log.example/other"), VKEY[:-1], VKEY + "A", "a+b", f"{NAME}+00000000+AA==", ""]
)
def test_a_damaged_vkey_is_refused(damaged: str) -> None:
    with pytest.raises(ProofError):
        note.parse_vkey(damaged)


def test_a_key_file_is_its_owner_s_alone_and_is_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "log.key"
    note.create_key_file(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o400
    key = note.read_key_file(file)
    with pytest.raises(FileExistsError):
        note.create_key_file(file)
    assert note.vkey(NAME, note.read_key_file(file).public_key()) == note.vkey(NAME, key.public_key())


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "log.key"
    note.create_key_file(file)
    file.chmod(0o440)
    with pytest.raises(PermissionError, match="chmod 400"):
        note.read_key_file(file)


def test_a_checkpoint_comes_back_as_it_was_signed() -> None:
    head = Checkpoint(NAME, 20852163, EMPTY_ROOT)
    signed = sign_checkpoint(head, KEY)
    assert verify_checkpoint(signed, VKEY) == head
    assert signed.startswith(f"{NAME}\n20852163\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— {NAME} ")


def test_a_checkpoint_of_another_log_is_refused_even_when_the_key_signed_it() -> None:
    signed = note.sign(Checkpoint("log.example/other", 1, EMPTY_ROOT).text(), NAME, KEY)
    with pytest.raises(ProofError, match="another log"):
        verify_checkpoint(signed, VKEY)


ROOT_LINE = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "log\n1\n",
        f"log\n01\n{ROOT_LINE}\n",
        f"log\n+1\n{ROOT_LINE}\n",
        f"log\n-1\n{ROOT_LINE}\n",
        f"log\n١\n{ROOT_LINE}\n",
        f"log\n18446744073709551616\n{ROOT_LINE}\n",
        "log\n1\nAAAA\n",
        f"log\n1\n{ROOT_LINE[:-2]}V=\n",
        f"\n1\n{ROOT_LINE}\n",
        f"log\n1\n{ROOT_LINE}",
        f"log\n1\n{ROOT_LINE}\n\nextension\n",
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(ProofError):
        checkpoint.parse(text)


def test_extension_lines_are_kept() -> None:
    head = checkpoint.parse(f"log\n0\n{ROOT_LINE}\nmore\n")
    assert head == Checkpoint("log", 0, EMPTY_ROOT, ("more",))
    assert head.text() == f"log\n0\n{ROOT_LINE}\nmore\n"
