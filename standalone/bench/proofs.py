"""How long `chengxin audit verify` takes over many proofs, sound and damaged, and whether it judges each right.

Each damage is one that makes a claim false whatever it is applied to, so that the right verdict is known without
a second verifier. Every other damage is compared with a slow twin in tests/unit/proofs/test_fuzz_claims.py.
"""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Iterator
from typing import Any

from chengxin import proofs
from chengxin.proofs import claims
from standalone.bench.measuring import Figures, verified

LEAVES = 200
DAMAGES = ("none", "hash", "longer", "shorter", "beyond", "twice", "cut")


def measure_proofs(count: int, *, seed: int = 1) -> Figures:
    """Judge `count` generated claims in this process, then by the command; give rates, times and wrong verdicts."""
    generated = list(_generated(count, random.Random(seed)))  # noqa: S311 - repeatable, protects nothing
    started = time.perf_counter()
    wrong = sum(_sound(line) is not sound for line, sound in generated)
    inside = time.perf_counter() - started
    done, outside = verified(given=b"".join(line + b"\n" for line, _ in generated))
    said = [word == b"valid" for word in done.stdout.split()]
    crashed = done.returncode not in (0, 1) or len(said) != count
    return {
        "claims": count,
        "damaged": sum(not sound for _, sound in generated),
        "judged_per_s": round(count / inside),
        "command_s": round(outside, 2),
        "wrong_verdicts": wrong + sum(a is not b for a, (_, b) in zip(said, generated, strict=False)),
        "crashes": int(crashed),
    }


def _sound(line: bytes) -> bool:
    try:
        claims.judge(line)
    except proofs.ProofError:
        return False
    return True


def _generated(count: int, rng: random.Random) -> Iterator[tuple[bytes, bool]]:
    leaves = [proofs.leaf_hash(number.to_bytes(4)) for number in range(LEAVES)]
    for number in range(count):
        size2 = rng.randint(2, LEAVES)
        size1 = rng.randint(1, size2 - 1)
        claim: dict[str, Any] = (
            {"kind": "inclusion", "leaf_hash": leaves[size1], "leaf_index": size1, "tree_size": size2}
            | {"root": proofs.root_from_leaf_hashes(leaves[:size2])}
            | {"proof": proofs.inclusion_proof(leaves[:size2], size1)}
            if number % 2
            else {"kind": "consistency", "size1": size1, "size2": size2}
            | {"root1": proofs.root_from_leaf_hashes(leaves[:size1])}
            | {"root2": proofs.root_from_leaf_hashes(leaves[:size2])}
            | {"proof": proofs.consistency_proof(leaves[:size2], size1)}
        )
        damage = rng.choice(DAMAGES)
        yield _damaged(claim, damage, rng), damage == "none"


def _damaged(claim: dict[str, Any], damage: str, rng: random.Random) -> bytes:
    proof: list[bytes] = claim["proof"]
    if damage == "hash":
        name = rng.choice([name for name, value in claim.items() if isinstance(value, bytes)])
        claim[name] = bytes([claim[name][0] ^ 1 << rng.randrange(8)]) + claim[name][1:]
    elif damage == "longer":
        proof.insert(rng.randint(0, len(proof)), rng.randbytes(32))
    elif damage == "shorter":
        del proof[rng.randrange(len(proof))]
    elif damage == "beyond":
        claim[rng.choice([name for name in claim if name in ("leaf_index", "size1")])] += LEAVES
    line = json.dumps(claim, default=lambda value: base64.b64encode(value).decode()).encode()
    if damage == "twice":
        return line[:-1] + b',"kind":"inclusion"}'
    return line[: rng.randrange(1, len(line))] if damage == "cut" else line
