"""Every path on which a personal value travels through the house: what it takes, what it refuses, what it fails at."""

from __future__ import annotations

from tests.canary.deciding import Deciding
from tests.canary.handing_in import HandingIn
from tests.canary.misplaced import misplaced


class Paths(HandingIn, Deciding):
    """Walks them one after another."""

    def walk(self) -> None:
        """All of them."""
        self.grants()
        self.hand_in_by_file()
        self.hand_in_by_call()
        self.questions()
        misplaced(self._stage, self._planted, self._context(), self._refused)
        self.list_case()
        self.repair()
        self.end()
        self.audit()
        self.rotate()
