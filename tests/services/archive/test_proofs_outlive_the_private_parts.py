"""What is erased of the journal is not what the log is over: every proof and receipt stays what it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner

from chengxin.cli.app import app
from chengxin.proofs import verify_receipt
from tests.services.archive.erasers import eraser
from tests.services.audit.journals import DEPARTMENT, VKEY, Journals
from tests.support.databases import SchemaDatabase


async def test_proofs_and_receipts_stay_valid_and_the_keys_year_is_gone(
    schema_db: Callable[..., SchemaDatabase], tmp_path: Path
) -> None:
    journals = Journals(schema_db("audit", "repair", sample=True), tmp_path / "keys")
    named = [await journals.look(matter=f"T-{number}") for number in range(7)]
    sequencer = journals.sequencer()
    await sequencer.round()
    before = [await journals.prover.receipt("repair", one.entry_id, one.digest) for one in named]
    fingerprint = hashlib.sha256(b"office").digest()
    with journals.admin("repair") as admin:
        admin.execute(
            "INSERT INTO enrolment VALUES (%s, 'spiffe://test', %s, 'repair', '{office}', now() + interval '1 day')",
            (fingerprint, DEPARTMENT),
        )
        admin.execute("UPDATE clock_offset SET ahead = interval '6 years 1 month'")

    async with eraser(journals.database, "repair", tmp_path / "keys" / "repair", fingerprint) as erasing:
        swept = await erasing.sweep()
    assert (swept["erase_private"], swept["keys"]) == (7, 1)
    with journals.admin("repair") as admin:
        [(private,)] = admin.execute(
            "SELECT count(*) FROM journal_private p JOIN journal j USING (bucket, entry_id) WHERE purpose <> 'erasure'"
        ).fetchall()
    assert private == 0

    await sequencer.round()
    journals.assert_append_only()
    for one, (text, entry) in zip(named, before, strict=True):
        assert verify_receipt(text, VKEY, entry)
        anew, same_entry = await journals.prover.receipt("repair", one.entry_id, one.digest)
        assert same_entry == entry
        assert verify_receipt(anew, VKEY, entry).head.size > verify_receipt(text, VKEY, entry).head.size
    receipt = tmp_path / "answer.tlog-proof"
    receipt.write_text(before[0][0], encoding="utf-8")
    verified = CliRunner().invoke(app, ["audit", "verify", "--receipt", str(receipt), "--vkey", VKEY])
    assert verified.exit_code == 0, verified.output
    await journals.close()
