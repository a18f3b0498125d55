"""What can go wrong with keys and ciphertexts; none of it tells an attacker why."""

from __future__ import annotations


class OpenFailed(Exception):
    """A stored ciphertext does not open.

    Wrong key, wrong place, altered, cut short, unknown version or suite: always this error with this text, so
    that nobody learns from it which of them it was.
    """

    def __init__(self) -> None:
        super().__init__("the ciphertext does not open")


class SuiteTooOld(OpenFailed):
    """It was sealed with a suite below the least one that this office opens; its header says so in clear.

    `key`: the name of the key-encryption key that was wrapped with it; empty for data and for the wrap of a data key.
    """

    def __init__(self, number: int, *, least: int, key: str = "") -> None:
        self.number = number
        self.key = key
        self.problem = f"It is of suite {number}, the least opened is {least}."
        Exception.__init__(self, f"{self.problem} {self.remedy}")

    @property
    def remedy(self) -> str:
        """What the operator can do."""
        rotate = f" Wrap it anew: chengxin keys rotate {self.key} --provider." if self.key else ""
        return f"Set CHENGXIN_MIN_SUITE to {self.number} until nothing of that suite is needed any more.{rotate}"


class KeyGone(Exception):
    """A key-encryption key was destroyed, or never existed here; what it wrapped can't be opened any more."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the key {name} is gone")
        self.name = name


class KeyStoreUnusable(Exception):
    """The key store is missing, incomplete, or open to others. The text says what to do about it."""

    def __init__(self, problem: str, *, remedy: str) -> None:
        super().__init__(f"{problem} Remedy: {remedy}")
        self.problem = problem
        self.remedy = remedy
