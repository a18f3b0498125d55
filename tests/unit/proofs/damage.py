"""Claims about a small tree, and every kind of damage that can be done to one."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable
from typing import Any

from chengxin.proofs.merkle import leaf_hash

from . import rfc6962_twin as rfc

LEAVES = [number.to_bytes(2, "big") for number in range(70)]
ROOTS = [rfc.mth(LEAVES[:size]) for size in range(len(LEAVES) + 1)]
ODD_NUMBERS = [-1, 0, 1, 2**63, 2**64 - 1, 2**64, 10**30, 3.0, 1e300, True, None, "3", "0x3", "３", [], {}]
ODD_HASHES: list[Any] = ["", "AA==", "AA", "=", "A" * 43, "A" * 42 + "B=", "é", "\ud800", None, 7, [], {}, True]
Claim = dict[str, Any]
NUMBERS = {"leaf_index", "tree_size", "size1", "size2"}


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def sound_claim(rng: random.Random) -> Claim:
    """A claim whose proof is right, from all leaves by the RFC's own recursion; small sizes are frequent."""
    size2 = min(rng.choice([1, 2, 3, 4, 7, 8, 9, 70, rng.randint(1, 70)]), len(LEAVES))
    size1 = rng.randint(1, size2)
    if rng.random() < 0.5:
        return {
            "kind": "inclusion",
            "leaf_hash": b64(leaf_hash(LEAVES[size1 - 1])),
            "leaf_index": size1 - 1,
            "tree_size": size2,
            "root": b64(ROOTS[size2]),
            "proof": [b64(value) for value in rfc.path(size1 - 1, LEAVES[:size2])],
        }
    return {
        "kind": "consistency",
        "size1": size1,
        "size2": size2,
        "root1": b64(ROOTS[size1]),
        "root2": b64(ROOTS[size2]),
        "proof": [b64(value) for value in rfc.proof(size1, LEAVES[:size2])],
    }


def _number_moved(claim: Claim, rng: random.Random) -> None:
    name = rng.choice([name for name in claim if name in NUMBERS])
    claim[name] = max(0, claim[name] + rng.choice([-2, -1, 1, 2, 8, 64, claim[name]]))


def _number_odd(claim: Claim, rng: random.Random) -> None:
    claim[rng.choice([name for name in claim if name in NUMBERS])] = rng.choice(ODD_NUMBERS)


def _numbers_swapped(claim: Claim, _: random.Random) -> None:
    one, other = [name for name in claim if name in NUMBERS]
    claim[one], claim[other] = claim[other], claim[one]


def _sizes_equal(claim: Claim, _: random.Random) -> None:
    one, other = [name for name in claim if name in NUMBERS]
    claim[one] = claim[other]


def _hash_names(claim: Claim) -> list[str]:
    return [name for name in claim if name not in NUMBERS | {"kind", "proof"}]


def _hash_flipped(claim: Claim, rng: random.Random) -> None:
    name = rng.choice(_hash_names(claim))
    claim[name] = flipped(claim[name], rng)


def _hash_odd(claim: Claim, rng: random.Random) -> None:
    claim[rng.choice(_hash_names(claim))] = rng.choice(ODD_HASHES)


def _hash_other(claim: Claim, rng: random.Random) -> None:
    claim[rng.choice(_hash_names(claim))] = b64(rng.choice(ROOTS))


def _hashes_swapped(claim: Claim, _: random.Random) -> None:
    one, other = _hash_names(claim)
    claim[one], claim[other] = claim[other], claim[one]


def _hash_respelt(claim: Claim, rng: random.Random) -> None:
    name = rng.choice(_hash_names(claim))
    respell = rng.choice([str.lower, str.strip, lambda text: text.rstrip("="), lambda text: text + "\n"])
    claim[name] = respell(claim[name].replace("+", "-"))


def _proof_flipped(claim: Claim, rng: random.Random) -> None:
    if claim["proof"]:
        at = rng.randrange(len(claim["proof"]))
        claim["proof"][at] = flipped(claim["proof"][at], rng)


def _proof_shorter(claim: Claim, rng: random.Random) -> None:
    if claim["proof"]:
        del claim["proof"][rng.randrange(len(claim["proof"]))]


def _proof_longer(claim: Claim, rng: random.Random) -> None:
    more = rng.choice([b64(rng.randbytes(32)), b64(rng.choice(ROOTS)), *claim["proof"]])
    claim["proof"].insert(rng.randint(0, len(claim["proof"])), more)


def _proof_far_too_long(claim: Claim, rng: random.Random) -> None:
    claim["proof"] = (claim["proof"] or [b64(ROOTS[1])]) * rng.choice([2, 64, 65, 400])


def _proof_reordered(claim: Claim, rng: random.Random) -> None:
    rng.shuffle(claim["proof"])


def _proof_odd(claim: Claim, rng: random.Random) -> None:
    claim["proof"] = rng.choice([None, {}, "", "AA==", 0, True, [[]], [None], [7], [*claim["proof"], ""]])


def _bytes_moved(claim: Claim, rng: random.Random) -> None:
    if len(claim["proof"]) > 1:
        joined = b"".join(base64.b64decode(value) for value in claim["proof"][:2])
        cut = rng.choice([1, 31, 33, 63])
        claim["proof"][:2] = [b64(joined[:cut]), b64(joined[cut:])]


def _member_missing(claim: Claim, rng: random.Random) -> None:
    del claim[rng.choice(list(claim))]


def _member_added(claim: Claim, _: random.Random) -> None:
    claim["note"] = {"proof": [1.5]} if len(claim["proof"]) % 2 else "of a tool"


def _kind_other(claim: Claim, rng: random.Random) -> None:
    claim["kind"] = rng.choice(["inclusion", "consistency", "Inclusion", "", None, ["inclusion"], {}, 1])


def flipped(text: str, rng: random.Random) -> str:
    """The base64 of the same bytes with one bit turned."""
    value = bytearray(base64.b64decode(text))
    value[rng.randrange(len(value))] ^= 1 << rng.randrange(8)
    return b64(bytes(value))


def replaced(line: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(line))
    return line[:at] + rng.randbytes(1) + line[at + 1 :]


def inserted(line: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(line))
    return line[:at] + rng.randbytes(rng.randint(1, 3)) + line[at:]


DAMAGES: tuple[Callable[[Claim, random.Random], None], ...] = (
    _number_moved,
    _number_odd,
    _numbers_swapped,
    _sizes_equal,
    _hash_flipped,
    _hash_odd,
    _hash_other,
    _hashes_swapped,
    _hash_respelt,
    _proof_flipped,
    _proof_shorter,
    _proof_longer,
    _proof_far_too_long,
    _proof_reordered,
    _proof_odd,
    _bytes_moved,
    _member_missing,
    _member_added,
    _kind_other,
)
LINES: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "whole": lambda line, _: line,
    "spaced": lambda line, _: b"  " + line + b" \r",
    "cut": lambda line, rng: line[: rng.randrange(len(line))],
    "one byte other": replaced,
    "one byte more": inserted,
    "member twice": lambda line, rng: line[:-1] + b"," + rng.choice(line[1:-1].split(b", ")) + b"}",
    "not a number": lambda line, _: line[:-1] + b',"note":NaN}',
    "deep": lambda line, rng: line[:-1] + b',"note":' + b"[" * rng.choice([50, 5000, 60_000]) + b"}",
    "twice": lambda line, _: line + line,
    "too long": lambda line, _: line + b" " * 65_536,
    "marked": lambda line, _: b"\xef\xbb\xbf" + line,
    "UTF-16": lambda line, _: line.decode().encode("utf-16"),
}


def damaged_line(rng: random.Random) -> bytes:
    """A line with a claim: sound, or with one or two damages in it, or with damage to its bytes."""
    claim = sound_claim(rng)
    for _ in range(rng.choice([0, 1, 1, 1, 1, 2])):
        try:
            rng.choice(DAMAGES)(claim, rng)
        except (AttributeError, TypeError, KeyError, IndexError, ValueError):
            break  # The first damage left nothing for the second to work on.
    line = json.dumps(claim, ensure_ascii=True).encode()
    how = "whole" if rng.random() < 0.7 else rng.choice(list(LINES))
    return LINES[how](line, rng)
