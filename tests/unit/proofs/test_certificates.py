"""Withdrawal certificates: the text that the catalog writes is the text that the verifier reads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chengxin.proofs import note, verify_certificate
from chengxin.proofs.checkpoint import Checkpoint
from chengxin.proofs.error import ProofError
from services.catalog.domain.certificate import Receiver, withdrawal_certificate

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAME = "chengxin/catalog"
VKEY = note.vkey(NAME, KEY.public_key())
ACKNOWLEDGED = datetime(2026, 6, 1, 9, tzinfo=UTC)


def written(*receivers: Receiver) -> str:
    record = {
        "record_id": "6f1c0a52-8f3e-4a56-9a40-2f1b6f1f2a11",
        "item_code": "penalty.market",
        "determining_authority": "11430000006123456X",
        "ended_at": "2026-06-01T08:00:00+00:00",
        "end_reason": "repaired",
    }
    return withdrawal_certificate(record, receivers, issued_at=datetime(2026, 6, 2, tzinfo=UTC), deployment="chengxin")


CERTIFICATE = written(Receiver("91430000MA4L16JQ9B", ACKNOWLEDGED), Receiver("11430000006123456X", None))


def test_what_the_catalog_writes_is_read_back() -> None:
    certificate = verify_certificate(note.sign(CERTIFICATE, NAME, KEY), VKEY)
    assert certificate.record_id == "6f1c0a52-8f3e-4a56-9a40-2f1b6f1f2a11"
    assert certificate.item_code == "penalty.market"
    assert certificate.ended_at == datetime(2026, 6, 1, 8, tzinfo=UTC)
    assert [(one.authority, one.acknowledged_at) for one in certificate.receivers] == [
        ("91430000MA4L16JQ9B", ACKNOWLEDGED),
        ("11430000006123456X", None),
    ]


def test_a_certificate_without_receivers_says_so() -> None:
    assert verify_certificate(note.sign(written(), NAME, KEY), VKEY).receivers == ()


def test_a_changed_or_foreign_certificate_is_refused() -> None:
    signed = note.sign(CERTIFICATE, NAME, KEY)
    for changed in (
        signed.replace("尚未确认删除 / not yet", "已确认删除 / deletion"),
        signed.replace("credit repaired", "period over"),
        signed.replace("- 11430000006123456X: 尚未确认删除 / not yet acknowledged\n", ""),
    ):
        assert changed != signed
        with pytest.raises(ProofError):
            verify_certificate(changed, VKEY)
    with pytest.raises(ProofError):
        verify_certificate(signed, note.vkey("other/catalog", KEY.public_key()))


def test_another_text_with_the_same_signer_is_no_certificate() -> None:
    lines = CERTIFICATE.split("\n")
    for text in (
        Checkpoint(NAME, 1, bytes(32)).text(),
        CERTIFICATE + "more\n",
        "\n".join([*lines[:9], *lines[10:]]),
        CERTIFICATE.replace("2026-06-02", "2026-02-31"),
        CERTIFICATE.replace("not yet acknowledged", "perhaps"),
    ):
        assert text != CERTIFICATE
        with pytest.raises(ProofError):
            verify_certificate(note.sign(text, NAME, KEY), VKEY)
