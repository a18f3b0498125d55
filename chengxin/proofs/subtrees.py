"""Which complete subtrees make up a root or a proof. Pure arithmetic, no hash in sight.

A log only grows, so the hash of a complete subtree never changes; a root or proof of any size is a fold
of such hashes. Source: RFC 6962 section 2.1 (MTH, PATH, SUBPROOF).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subtree:
    """The complete subtree over the leaves [index << level, (index + 1) << level)."""

    level: int
    index: int


# A hash of a proof covers a range of leaves: its complete subtrees, left (large) to right (small).
Range = tuple[Subtree, ...]


def root_range(size: int) -> Range:
    """Return the subtrees that make the root of a tree of `size` leaves; none when it is empty."""
    return _cover(0, size)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Return the ranges whose hashes prove leaf `index` in a tree of `size`, from the leaf up.

    Requires 0 <= index < size.
    """
    if not 0 <= index < size:
        raise ValueError("requires 0 <= index < size")
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append(_cover(middle, end))
            end = middle
        else:
            ranges.append(_cover(start, middle))
            start = middle
    ranges.reverse()
    return ranges


def consistency_ranges(size1: int, size2: int) -> list[Range]:
    """Return the ranges whose hashes prove that the tree of `size1` is a prefix of that of `size2`.

    Requires 0 < size1 <= size2.
    """
    if not 0 < size1 <= size2:
        raise ValueError("requires 0 < size1 <= size2")
    ranges: list[Range] = []
    start, end = 0, size2
    while size1 != end:
        middle = start + _split(end - start)
        if size1 <= middle:
            ranges.append(_cover(middle, end))
            end = middle
        else:
            ranges.append(_cover(start, middle))
            start = middle
    if start:  # Otherwise the range is the whole smaller tree, whose root the verifier has.
        ranges.append(_cover(start, end))
    ranges.reverse()
    return ranges


def _split(count: int) -> int:
    """The largest power of two below `count`; requires count > 1."""
    return 1 << ((count - 1).bit_length() - 1)


def _cover(start: int, end: int) -> Range:
    """The complete subtrees over [start, end), where `start` divides by a power of two >= end - start."""
    subtrees: list[Subtree] = []
    while start < end:
        level = (end - start).bit_length() - 1
        subtrees.append(Subtree(level, start >> level))
        start += 1 << level
    return tuple(subtrees)
