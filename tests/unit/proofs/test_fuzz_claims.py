"""`chengxin audit verify` on thousands of proofs with every kind of damage: no crash, and the slow twin's verdict."""

from __future__ import annotations

import contextlib
import json
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from chengxin.cli.audit import app
from chengxin.proofs import claims, merkle
from chengxin.proofs.error import ProofError
from standalone.bench.proofs import measure_proofs
from tests.unit.proofs import slow_twin
from tests.unit.proofs.damage import DAMAGES, LEAVES, LINES, ROOTS, damaged_line, sound_claim

from . import rfc6962_twin as rfc

MANY = 10_000


def verdict(line: bytes) -> bool:
    """The product's verdict. Anything raised but ProofError is a crash and fails the test."""
    try:
        claims.judge(line)
    except ProofError:
        return False
    return True


def test_ten_thousand_proofs_with_every_kind_of_damage_are_judged_as_by_the_slow_twin() -> None:
    rng = random.Random(20260601)
    verdicts = Counter()
    for _ in range(MANY):
        line = damaged_line(rng)
        expected = slow_twin.sound(line)
        assert verdict(line) is expected, line
        verdicts[expected] += 1
    assert verdicts[True] > MANY // 10
    assert verdicts[False] > MANY // 2


@pytest.mark.parametrize("damage", [*DAMAGES, *LINES], ids=lambda one: getattr(one, "__name__", one))
def test_each_kind_of_damage_alone_is_judged_as_by_the_slow_twin(damage: object) -> None:
    rng = random.Random(7)
    for _ in range(200):
        claim = sound_claim(rng)
        if callable(damage):
            damage(claim, rng)
        line = json.dumps(claim).encode()
        line = LINES[damage](line, rng) if isinstance(damage, str) else line
        assert verdict(line) is slow_twin.sound(line), line


def test_the_command_gives_a_verdict_for_each_line_and_no_other_word() -> None:
    rng = random.Random(11)
    lines = [line for line in (damaged_line(rng) for _ in range(1_000)) if b"\n" not in line]
    result = CliRunner().invoke(app, ["verify"], input=b"\n".join(lines) + b"\n")
    assert result.exit_code == 1
    assert result.stdout.split("\n")[:-1] == ["valid" if slow_twin.sound(line) else "invalid" for line in lines]


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_claims_that_hypothesis_draws_are_judged_as_by_the_slow_twin(rng: random.Random) -> None:
    line = damaged_line(rng)
    assert verdict(line) is slow_twin.sound(line)


hashes = st.binary(min_size=32, max_size=32) | st.sampled_from(ROOTS) | st.binary(max_size=33)
sizes = st.integers(0, 20) | st.integers(0, 2**64 - 1) | st.sampled_from([2**63, 2**64 - 1, 2**64, -1])


@settings(max_examples=500)
@given(hashes, sizes, sizes, st.lists(hashes, max_size=66), hashes)
def test_inclusion_is_judged_as_by_the_recursion(
    leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes
) -> None:
    if 0 <= index < size < 2**64 and all(len(value) == 32 for value in (leaf, *proof)):
        # Give the claim a chance to be right: the root that its own proof leads to, where there is one.
        with contextlib.suppress(slow_twin.Unproved):
            root = slow_twin.root_of(leaf, index, size, proof)
    expected = size < 2**64 and _holds(slow_twin.included, leaf, index, size, proof, root)
    assert _holds(merkle.verify_inclusion, leaf, index, size, proof, root) is expected


@settings(max_examples=500)
@given(st.data())
def test_consistency_is_judged_as_by_the_recursion(data: st.DataObject) -> None:
    size2 = data.draw(st.integers(1, 2**64 - 1) | st.integers(1, 70))
    size1 = data.draw(st.integers(0, size2) | st.integers(0, 70))
    proof = data.draw(st.lists(st.binary(min_size=32, max_size=32), max_size=66))
    root1, root2 = data.draw(hashes), data.draw(hashes)
    if 0 < size1 < size2:
        with contextlib.suppress(slow_twin.Unproved):
            root1, root2 = slow_twin.roots_of(size1, size2, proof, root1)
    expected = _holds(slow_twin.consistent, size1, size2, proof, root1, root2)
    assert _holds(merkle.verify_consistency, size1, size2, proof, root1, root2) is expected


def test_the_twin_and_the_product_accept_what_all_leaves_give_and_nothing_beside_it() -> None:
    for size in range(1, 20):
        for index in range(size):
            leaf, path = merkle.leaf_hash(LEAVES[index]), rfc.path(index, LEAVES[:size])
            for verify in (slow_twin.included, merkle.verify_inclusion):
                assert _holds(verify, leaf, index, size, path, ROOTS[size])
                assert not _holds(verify, leaf, index, size, path, ROOTS[size + 1])
        for size1 in range(1, size + 1):
            path = rfc.proof(size1, LEAVES[:size])
            for verify in (slow_twin.consistent, merkle.verify_consistency):
                assert _holds(verify, size1, size, path, ROOTS[size1], ROOTS[size])
                assert not _holds(verify, size1, size, path, ROOTS[size1 - 1], ROOTS[size])


@pytest.mark.parametrize("missing", ["size1", "size2", "root1", "root2", "proof"])
def test_a_claim_of_equal_heads_names_both(missing: str) -> None:
    claim = {"kind": "consistency", "size1": 5, "size2": 5, "root1": "", "root2": "", "proof": []}
    del claim[missing]
    assert not verdict(json.dumps(claim).encode())
    assert not verdict(b'{"kind":"consistency","size1":5,"size2":5,"proof":[]}')


def test_the_bench_measures_without_a_wrong_verdict_or_a_crash() -> None:
    figures = measure_proofs(300)
    assert (figures["claims"], figures["wrong_verdicts"], figures["crashes"]) == (300, 0, 0)
    assert 0 < figures["damaged"] < 300


def _holds(verify: object, *claim: object) -> bool:
    try:
        verify(*claim)  # type: ignore[operator]
    except (ProofError, slow_twin.Unproved):
        return False
    return True
