"""Names for searching, and names and numbers as the public may see them."""

from __future__ import annotations

import re
import unicodedata

from foundation.identity.identifier import Identifier, IdentifierKind

# Dots that stand between the parts of transliterated names, in the encodings met in registers.
_INTERPUNCTS = frozenset("·•‧∙⋅・᛫‥․.．")
_OTHER = re.compile(r"\W")  # than letters and digits, which are all kept
_MASK = "**"
_SHOWN_OF_ID = 4
_SHOWN_OF_PASSPORT = 1


def fold_name(name: str) -> str:
    """Return the name as searches compare it: NFKC, no interpuncts, spaces or invisible characters, one case.

    For search only; a record keeps the name as the document writes it.
    """
    folded = unicodedata.normalize("NFKC", name).casefold()
    kept = _OTHER.sub(lambda c: "" if c[0] in _INTERPUNCTS or unicodedata.category(c[0])[0] in "ZC" else c[0], folded)
    # Again, because case folding and dropped characters can leave letters and accents apart.
    return unicodedata.normalize("NFKC", kept)


def mask_name(name: str) -> str:
    """Return a person's name for publicity: its first character and two asterisks, whatever its length.

    Source: 54号 clause 4 (necessary masking).
    """
    return name.strip()[:1] + _MASK


def mask_identifier(identifier: Identifier) -> str:
    """Return the number for publicity. An organisation's code is public and stays whole.

    Of an ID number or permit the first four characters remain (province and prefecture), of a passport the
    first; never the date of birth, the sex or the serial number. Source: 54号 clause 4.
    """
    if identifier.kind is IdentifierKind.USCC:
        return identifier.value.reveal()
    shown = _SHOWN_OF_PASSPORT if identifier.kind is IdentifierKind.PASSPORT else _SHOWN_OF_ID
    return identifier.value.reveal()[:shown] + "*" * 8
