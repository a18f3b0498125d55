"""Keeps an office from answering while its journal, its log or its clock can't be relied on."""

from foundation.guard.watch import EVERY_S, Bounds, Watch

__all__ = ["EVERY_S", "Bounds", "Watch"]
