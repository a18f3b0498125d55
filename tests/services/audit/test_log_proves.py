"""What the log proves: receipts that verify offline, proofs between any sizes, tiles that make the root."""

from __future__ import annotations

import pytest

from chengxin.proofs import (
    ProofError,
    consistency_proof,
    inclusion_proof,
    root_from_leaf_hashes,
    tiles,
    verify_consistency,
    verify_inclusion,
    verify_receipt,
)
from chengxin.proofs.tiles import Tile
from foundation.refusal import Refused
from services.audit.domain.reasons import LOG_NOT_READY, LOG_RANGE, RECEIPT_UNKNOWN
from tests.services.audit.journals import ORIGIN, VKEY, Journals


async def test_a_receipt_verifies_offline_and_a_tampered_one_fails(journals: Journals) -> None:
    receipts = [await journals.look(matter=f"T-{number}") for number in range(5)]
    await journals.sequencer().round()
    for index, named in enumerate(receipts):
        text, entry = await journals.prover.receipt("repair", named.entry_id, named.digest)
        proved = verify_receipt(text, VKEY, entry)
        assert (proved.index, proved.head.size, proved.head.origin) == (index, 5, ORIGIN)
        with pytest.raises(ProofError):
            verify_receipt(text.replace(f"index {index}", f"index {(index + 1) % 5}"), VKEY, entry)
        with pytest.raises(ProofError):
            verify_receipt(text, VKEY, entry[:-1] + bytes([entry[-1] ^ 1]))


async def test_an_old_receipt_and_the_new_log_are_proved_to_agree(journals: Journals) -> None:
    sequencer = journals.sequencer()
    named = await journals.look()
    await sequencer.round()
    text, _ = await journals.prover.receipt("repair", named.entry_id, named.digest)
    old = verify_receipt(text, VKEY).head
    for _ in range(4):
        await journals.look()
    await sequencer.round()
    proved = await journals.prover.consistency(old.size, 0)
    assert (proved.size2, proved.root1) == (5, old.root)
    verify_consistency(proved.size1, proved.size2, proved.proof, proved.root1, proved.root2)


async def test_who_does_not_know_the_digest_gets_no_receipt(journals: Journals) -> None:
    named = await journals.look()
    await journals.sequencer().round()
    for source, entry_id, digest in [
        ("repair", named.entry_id, bytes(32)),
        ("repair", named.entry_id, b""),
        ("repair", named.entry_id + 1, named.digest),
        ("audit", named.entry_id, named.digest),
        ("elsewhere", named.entry_id, named.digest),
    ]:
        with pytest.raises(Refused) as refused:
            await journals.prover.receipt(source, entry_id, digest)
        assert refused.value.reason is RECEIPT_UNKNOWN


async def test_a_receipt_asked_for_too_early_is_not_ready_yet(journals: Journals) -> None:
    sequencer = journals.sequencer()
    with pytest.raises(Refused) as refused:
        await journals.prover.checkpoint()
    assert refused.value.reason is LOG_NOT_READY
    await sequencer.round()
    named = await journals.look()
    with pytest.raises(Refused) as refused:
        await journals.prover.receipt("repair", named.entry_id, named.digest)
    assert refused.value.reason is LOG_NOT_READY
    await sequencer.round()
    assert await journals.prover.receipt("repair", named.entry_id, named.digest)


async def test_proofs_between_all_sizes_equal_those_from_the_leaves(journals: Journals) -> None:
    with journals.admin("repair") as connection:
        connection.execute(
            "SELECT journal_write((-1)::smallint, 'RepairService.Get', gen_random_uuid(), 1, 'a', sha256('f'), '',"
            " NULL, 'answered', '', sha256(n::text::bytea), 'sealed', NULL, '{}', '{}') FROM generate_series(1, 600) n"
        )
    await journals.sequencer().round()
    hashes = journals.leaf_hashes()
    assert len(hashes) == 600
    for index, size in [(0, 1), (0, 600), (255, 256), (256, 257), (511, 512), (512, 600), (599, 600), (300, 513)]:
        proved = await journals.prover.inclusion(index, size)
        assert proved.proof == inclusion_proof(hashes[:size], index)
        assert (proved.leaf_hash, proved.root) == (hashes[index], root_from_leaf_hashes(hashes[:size]))
        verify_inclusion(proved.leaf_hash, index, size, proved.proof, proved.root)
    for size1, size2 in [(1, 1), (1, 600), (256, 512), (255, 257), (511, 600), (600, 600)]:
        consistent = await journals.prover.consistency(size1, size2)
        assert consistent.proof == consistency_proof(hashes[:size2], size1)
        verify_consistency(size1, size2, consistent.proof, consistent.root1, consistent.root2)


@pytest.mark.parametrize(("index", "size"), [(-1, 0), (2, 0), (2, 2), (0, 3), (0, -1), (2**62, 2**63 - 1)])
async def test_no_inclusion_is_proved_outside_the_published_log(journals: Journals, index: int, size: int) -> None:
    await journals.look()
    await journals.look()
    await journals.sequencer().round()
    with pytest.raises(Refused) as refused:
        await journals.prover.inclusion(index, size)
    assert refused.value.reason is LOG_RANGE


@pytest.mark.parametrize(("size1", "size2"), [(0, 2), (0, 0), (2, 1), (1, 3), (3, 0), (-1, 2), (1, -1)])
async def test_no_consistency_is_proved_outside_the_published_log(journals: Journals, size1: int, size2: int) -> None:
    await journals.look()
    await journals.look()
    await journals.sequencer().round()
    with pytest.raises(Refused) as refused:
        await journals.prover.consistency(size1, size2)
    assert refused.value.reason is LOG_RANGE


async def test_tiles_are_served_as_far_as_a_checkpoint_covers_them(journals: Journals) -> None:
    sequencer = journals.sequencer()
    for _ in range(3):
        await journals.look()
    await sequencer.round()
    hashes = journals.leaf_hashes()
    assert await journals.prover.tile(Tile(0, 0), 3) == b"".join(hashes)
    assert await journals.prover.tile(Tile(0, 0), 2) == b"".join(hashes[:2])
    for tile, width in [(Tile(0, 0), 4), (Tile(0, 0), 256), (Tile(0, 1), 1), (Tile(1, 0), 1)]:
        assert await journals.prover.tile(tile, width) is None
    whole = await journals.prover.tile(Tile(0, 0), 3)
    assert whole is not None
    assert tiles.root({Tile(0, 0): whole}, 3) == root_from_leaf_hashes(hashes)
