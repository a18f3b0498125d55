"""How long, and at what pauses, a call that was not answered is tried again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from chengxin.client.errors import ChengxinError, UnavailableError

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_LEAST_CALL = 0.2  # the house refuses a call that has less than 0.1 s left


class Patience:
    """Allows further tries for `seconds` from its making, with growing, jittered pauses.

    Never gives a refusal another try.
    """

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._chance = chance
        self._ends_at = clock() + seconds
        self._tries = 0

    @property
    def left(self) -> float:
        """Seconds left."""
        return self._ends_at - self._clock()

    def pause_after(self, error: ChengxinError) -> float:
        """Return the seconds to wait before the next try; raise `error` when there is none to be."""
        if not isinstance(error, UnavailableError) or not error.transient:
            raise error
        longest: float = min(_FIRST_PAUSE * 2**self._tries, _LONGEST_PAUSE)
        pause = longest * (0.5 + self._chance() / 2)
        if self.left - pause < _LEAST_CALL:
            raise error
        self._tries += 1
        return pause
