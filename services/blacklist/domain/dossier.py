"""What the steps of a case say in words. All of it is personal data; stored sealed, as each step's artefact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from foundation.identity import Identifier
from foundation.personal import Personal
from foundation.policy.entries import DocumentKind, SubjectType
from foundation.refusal import Refused
from services.blacklist.domain.leniency import Leniency
from services.blacklist.domain.reasons import BASIS_NOT_ALLOWED, BASIS_NOT_EFFECTIVE
from services.blacklist.domain.texts import Text

BASIS_KINDS: frozenset[DocumentKind] = frozenset(
    {"judgment", "arbitral_award", "penalty_decision", "administrative_ruling", "other_by_law"}
)
"""On these a finding of dishonesty may rest. Source: 54号 clause 2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """The party; its name as in the document."""

    identifier: Identifier
    name: Personal

    @property
    def subject_type(self) -> SubjectType:
        """As catalog, measures and schemes tell parties apart."""
        return "person" if self.identifier.is_person else "enterprise"


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The legally effective document on which the facts rest. `authority`: the USCC of who made it."""

    kind: DocumentKind
    number: Text
    authority: str
    determined_on: date
    effective_on: date


def effective(basis: Basis, *, on: date) -> Basis:
    """Return the document if facts can rest on it on a day. Source: 54号 clause 2.

    Raises Refused(BASIS_NOT_ALLOWED or BASIS_NOT_EFFECTIVE).
    """
    if basis.kind not in BASIS_KINDS:
        raise Refused(BASIS_NOT_ALLOWED, field="basis_document.kind")
    if not basis.determined_on <= basis.effective_on <= on:
        raise Refused(BASIS_NOT_EFFECTIVE, field="basis_document.effective_on")
    return basis


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StandardMatched:
    """Which criteria of the standard are met, and why."""

    criterion_codes: tuple[str, ...]
    reasoning: Text


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FactsFound:
    """The facts, what they rest on, and the leniency question's answer."""

    facts: Text
    basis: Basis
    leniency: Leniency


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Stated:
    """A statement of the party."""

    statement: Text


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answered:
    """The answer to a statement, after verifying what it claims."""

    answer: Text
    upheld: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Decided:
    """The decision: its number, its reasons, and the signed document."""

    number: Text
    reasons: Text
    document: Text
