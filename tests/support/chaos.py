"""How much chaos: the short form in `make test`, the long one in `make chaos`."""

from __future__ import annotations

import os

LONG = os.environ.get("CHENGXIN_CHAOS") == "long"


def each(*offices: str) -> tuple[str, ...]:
    """The offices at which something is killed again and again: all in the long form, the first in the short one."""
    return offices if LONG else offices[:1]
