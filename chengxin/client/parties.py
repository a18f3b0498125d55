"""Parties and their identifiers, as a department names them. Values print redacted."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class IdentifierKind(enum.Enum):
    """What kind of number names a party; decides how the house checks it."""

    USCC = "uscc"
    RESIDENT_ID = "resident_id"
    RESIDENCE_PERMIT = "residence_permit"
    PASSPORT = "passport"


@dataclass(frozen=True, slots=True)
class Identifier:
    """A party's number. The house checks it; a wrong one is refused, never repaired."""

    kind: IdentifierKind
    value: str = field(repr=False)

    @classmethod
    def uscc(cls, value: str) -> Identifier:
        """A Unified Social Credit Code, GB 32100-2015."""
        return cls(IdentifierKind.USCC, value)

    @classmethod
    def resident_id(cls, value: str) -> Identifier:
        """A resident ID number, GB 11643-1999."""
        return cls(IdentifierKind.RESIDENT_ID, value)

    @classmethod
    def residence_permit(cls, value: str) -> Identifier:
        """A residence permit number of a Hong Kong, Macao or Taiwan resident."""
        return cls(IdentifierKind.RESIDENCE_PERMIT, value)

    @classmethod
    def passport(cls, value: str) -> Identifier:
        """A passport number."""
        return cls(IdentifierKind.PASSPORT, value)


@dataclass(frozen=True, slots=True)
class Party:
    """An enterprise, organisation or natural person. `name` as in the document, 1 to 200 characters."""

    identifier: Identifier
    name: str = field(repr=False)


def one_identifier(identifier: Identifier | str | None, uscc: str | None = None) -> Identifier:
    """Return the one identifier given, a plain text counting as a USCC; ValueError unless exactly one is."""
    if (identifier is None) == (uscc is None):
        raise ValueError("name the party once: either `identifier` or `uscc`")
    if isinstance(identifier, Identifier):
        return identifier
    return Identifier.uscc(identifier if identifier is not None else uscc or "")
