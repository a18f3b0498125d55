"""Records as a provider hands them in."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from chengxin.client.parties import Party


class DocumentKind(enum.Enum):
    """The legal form of the document that a finding rests on. Source: 54号 clause 2."""

    JUDGMENT = "judgment"
    ARBITRAL_AWARD = "arbitral_award"
    PENALTY_DECISION = "penalty_decision"
    ADMINISTRATIVE_RULING = "administrative_ruling"
    LICENCE_DECISION = "licence_decision"
    LISTING_DECISION = "listing_decision"
    OTHER_BY_LAW = "other_by_law"


class Severity(enum.Enum):
    """How grave a negative finding is. Source: 信用修复管理办法 (2026), classification."""

    SLIGHT = "slight"
    ORDINARY = "ordinary"
    SERIOUS = "serious"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The legally effective document that a record rests on. Source: 54号 clause 2.

    `authority` is the USCC of the authority that made it; days are days in Asia/Shanghai.
    """

    kind: DocumentKind
    number: str
    authority: str
    determined_on: date
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record to hand in.

    `record_number` is the provider's own number, 1 to 100 characters: the same record handed in twice is held
    once. `fields` are texts by the names that the catalog item defines: dates ISO 8601, amounts decimal yuan.
    `severity` is None where the record is no negative finding. `publicity_until` may only shorten the period.
    `person_publicity_basis` cites the express law that allows a natural person's record to be public.
    """

    record_number: str
    item_code: str
    party: Party
    document: Document
    severity: Severity | None = None
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    publicity_until: date | None = None
    sample: bool = False
    person_publicity_basis: str = ""
    version: int = 1
