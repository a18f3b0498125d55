"""Numbers as the c2sp.org formats write them: ASCII decimal, no leading zero, below 2**64."""

from __future__ import annotations

import re

from chengxin.proofs.error import ProofError

MAX = 2**64 - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)


def parse(text: str) -> int:
    """Return the number that `text` writes. Raises ProofError for any other spelling or size."""
    if _DECIMAL.fullmatch(text) is None:
        raise ProofError("not a decimal number")
    number = int(text)
    if number > MAX:
        raise ProofError("number beyond 64 bits")
    return number
