"""A personal value that can't be printed, formatted, pickled or written as JSON by mistake."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Sequence
from typing import NoReturn, final

_SALT = os.urandom(16)


@final
class Personal:
    """Holds a personal text; only `reveal` gives it out, so that every use can be found by its name.

    Whatever prints, formats or logs it shows `<redacted>`; `json` and `pickle` refuse it; `dataclasses.asdict` and
    copies keep it as it is. Its hash is salted for the process, so that none tells anything outside.
    """

    __slots__ = ("_text",)
    _text: str

    def __init__(self, text: str) -> None:
        _hold(self, text)

    @staticmethod
    def of(text: Personal | str) -> Personal:
        """The text as a Personal value, which it may be already."""
        return text if isinstance(text, Personal) else Personal(text)

    @staticmethod
    def each(texts: Sequence[str]) -> list[Personal]:
        """Many at once, as a record's fields come: without a call for each of them, which would count there."""
        held = [_new(Personal) for _ in texts]
        any(map(_hold, held, texts))  # gives None each time, so that it goes through all
        return held

    def reveal(self) -> str:
        """Return the text. The caller answers for where it goes."""
        return self._text

    def __repr__(self) -> str:
        return "<redacted>"

    def __format__(self, format_spec: str) -> str:
        return "<redacted>"

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Personal):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((_SALT, self._text))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Personal value does not change")

    def __copy__(self) -> Personal:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Personal:
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Personal value is not pickled")


_new = object.__new__
_hold: Callable[[Personal, str], None] = vars(Personal)["_text"].__set__  # the one way past __setattr__

NOTHING = Personal("")
"""No text; where nothing is said, or it is erased."""
