"""What comes out of the house as text or CSV makes no line, no cell and no verdict of its own."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from chengxin.cli.audit import app
from chengxin.handin.rejects import harmless
from chengxin.proofs import leaf_hash, note, receipt
from chengxin.proofs.checkpoint import Checkpoint, sign_checkpoint
from tests.unit.proofs.test_receipts import JOURNAL_ENTRY

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "log.example/chengxin"
VKEY = note.vkey(ORIGIN, KEY.public_key())
FORGED = ["x\n  decision: answered", "x\r\ninvalid", "x\x1b[2Jvalid", "x\u2028valid", "\u202egnorw"]


def shown(folder: Path, purpose: str) -> str:
    """What `chengxin audit verify` prints of a receipt whose caller chose the purpose."""
    leaf = replace(JOURNAL_ENTRY, purpose=purpose).encode()
    head = sign_checkpoint(Checkpoint(ORIGIN, 1, leaf_hash(leaf)), KEY)
    file = folder / "one.tlog-proof"
    file.write_text(receipt.build(entry=leaf, index=0, proof=[], checkpoint=head), encoding="utf-8", newline="")
    result = CliRunner().invoke(app, ["verify", "--receipt", str(file), "--vkey", VKEY])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("purpose", FORGED)
def test_an_entry_prints_no_line_that_it_does_not_have(tmp_path: Path, purpose: str) -> None:
    plain, forged = shown(tmp_path, "x"), shown(tmp_path, purpose)
    assert len(forged.split("\n")) == len(plain.split("\n"))
    assert not set(purpose) & set("\r\x1b\u2028\u202e") & set(forged)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_of_a_csv_begins_a_formula(start: str) -> None:
    cell = f"{start}cmd|' /C calc'!A0"
    out = io.StringIO()
    csv.writer(out).writerow([harmless(cell), harmless("样例"), harmless("440301199001011234")])
    (row,) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert [text[0] for text in row] == ["'", "样", "'"]
    assert row[0][1:] == cell
