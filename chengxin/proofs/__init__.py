"""The one home of the mathematics: Merkle proofs, signed notes, checkpoints, receipts, certificates.

Needs nothing of the house, so that whoever keeps a receipt can verify it offline.
Formats: RFC 6962 (SHA-256); c2sp.org signed-note, tlog-checkpoint, tlog-tiles, tlog-proof.
"""

from __future__ import annotations

from chengxin.proofs.certificate import WithdrawalCertificate, verify_certificate
from chengxin.proofs.checkpoint import Checkpoint, sign_checkpoint, verify_checkpoint
from chengxin.proofs.error import ProofError
from chengxin.proofs.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_from_leaf_hashes,
    verify_consistency,
    verify_inclusion,
)
from chengxin.proofs.receipt import VerifiedReceipt, verify_receipt

__all__ = [
    "EMPTY_ROOT",
    "Checkpoint",
    "ProofError",
    "VerifiedReceipt",
    "WithdrawalCertificate",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "root_from_leaf_hashes",
    "sign_checkpoint",
    "verify_certificate",
    "verify_checkpoint",
    "verify_consistency",
    "verify_inclusion",
    "verify_receipt",
]
