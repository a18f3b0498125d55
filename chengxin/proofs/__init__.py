"""The one home of the mathematics: Merkle proofs, signed notes, checkpoints, receipts, certificates.

Needs nothing of the house, so that whoever keeps a receipt can verify it offline.
Formats: RFC 6962 (SHA-256); c2sp.org signed-note, tlog-checkpoint, tlog-tiles, tlog-proof.
"""

from __future__ import annotations

from chengxin.proofs.certificate import WithdrawalCertificate as WithdrawalCertificate
from chengxin.proofs.certificate import verify_certificate as verify_certificate
from chengxin.proofs.checkpoint import Checkpoint as Checkpoint
from chengxin.proofs.checkpoint import sign_checkpoint as sign_checkpoint
from chengxin.proofs.checkpoint import verify_checkpoint as verify_checkpoint
from chengxin.proofs.error import ProofError as ProofError
from chengxin.proofs.merkle import EMPTY_ROOT as EMPTY_ROOT
from chengxin.proofs.merkle import consistency_proof as consistency_proof
from chengxin.proofs.merkle import inclusion_proof as inclusion_proof
from chengxin.proofs.merkle import leaf_hash as leaf_hash
from chengxin.proofs.merkle import node_hash as node_hash
from chengxin.proofs.merkle import root_from_leaf_hashes as root_from_leaf_hashes
from chengxin.proofs.merkle import verify_consistency as verify_consistency
from chengxin.proofs.merkle import verify_inclusion as verify_inclusion
from chengxin.proofs.receipt import VerifiedReceipt as VerifiedReceipt
from chengxin.proofs.receipt import verify_receipt as verify_receipt
