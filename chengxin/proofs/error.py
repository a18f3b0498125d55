"""How a verification fails."""

from __future__ import annotations


class ProofError(Exception):
    """The proof, note or receipt does not show what it claims. Its text names no personal value."""
