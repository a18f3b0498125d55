"""QR codes (ISO/IEC 18004) that bring a signed text to this house's own page for checking, and to no server.

The text stands after the # of the address, which browsers never send: deflated (RFC 1950), as one decimal number. A code
holds digits in a quarter less room than base64, so that receipts of a log with 2**27 entries still fit. The page's script
(assets/chengxin.js) reads it back.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import segno
from segno.utils import matrix_to_lines

PAGE = "/public/verify"
"""Where texts are checked."""
LARGEST = 30
"""Largest version: 137 modules a side, 11 cm on paper as pages draw it."""
_QUIET = 4
_MARK = b"\1"  # keeps zeros at the start of what follows


@dataclass(frozen=True, slots=True)
class Code:
    """A code to be drawn.

    `address` is the page it opens, `size` its side in modules with the quiet zone, `path` what is dark (SVG).
    """

    address: str
    size: int
    path: str


def fragment_of(text: str) -> str:
    """What stands for the text after the #; empty for one that no code could hold."""
    packed = zlib.compress(text.encode(), 9)
    return str(int.from_bytes(_MARK + packed)) if len(packed) <= 1700 else ""


def code_of(text: str, public_url: str) -> Code | None:
    """The code that opens the page at `public_url` with the text in its box; None for a text that is too long."""
    address, digits = public_url + PAGE, fragment_of(text)
    if not digits:
        return None
    # Level M mends a seventh of a code, L a fifteenth: M where it does not make the code too fine. No mask is better than
    # another for what looks like chance, and to compare all eight takes four times as long.
    parts: Any = [f"{address}#", digits]  # each in a mode of its own; the types tell of one alone
    made = segno.make_qr(parts, error="m" if len(digits) < 2000 else "l", mask=3)
    if int(made.version) > LARGEST:
        return None
    lines = matrix_to_lines(made.matrix, _QUIET, _QUIET + 0.5)
    path = "".join(f"M{left} {y}h{right - left}" for (left, y), (right, _) in lines)
    return Code(address, len(made.matrix) + 2 * _QUIET, path)
