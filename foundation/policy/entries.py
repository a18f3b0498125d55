"""What stands in `law/`: catalog items, measures, list schemes, purposes, divisions, prohibited fields.

Plain data; the rules that each must keep stand in `foundation.policy.lawfulness`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

from foundation.lawfile import Entry
from foundation.policy.in_force import InForce
from foundation.policy.publicity import Severity

InstrumentKind = Literal["law", "administrative_regulation", "local_regulation", "central_policy", "department_rule"]
Level = Literal["national", "province", "municipality"]
SubjectType = Literal["enterprise", "person"]
DocumentKind = Literal[
    "judgment",
    "arbitral_award",
    "penalty_decision",
    "administrative_ruling",
    "licence_decision",
    "listing_decision",
    "other_by_law",
]
"""In step with chengxin.common.v1.DocumentKind, lower case and without prefix."""
Family = Literal[
    "登记注册基本信息",
    "司法裁判及执行信息",
    "行政管理信息",
    "职称和职业信息",
    "经营（活动）异常名录（状态）信息",
    "严重失信主体名单信息",
    "合同履行信息",
    "信用承诺及履行情况信息",
    "信用评价结果信息",
    "遵守法律法规情况信息",
    "诚实守信相关荣誉信息",
    "主体自愿提供的信用信息",
]
"""Families of the national base catalog."""
ViolationKind = Literal[
    "public_health_and_life_safety",
    "fair_competition_and_social_order",
    "refusal_of_legal_duty",
    "refusal_of_national_defence_duty",
]
"""The only four kinds of serious violation for which a list may stand. Source: 54号 clause 6."""
UpdateFrequency = Literal["at_once", "daily", "seven_working_days", "monthly", "yearly"]


@dataclass(frozen=True, kw_only=True)
class Titled(Entry):
    """Something that has a code, and a title in Chinese and in English."""

    code: str
    title: str
    title_en: str


@dataclass(frozen=True, kw_only=True)
class LegalBasis(Entry):
    """An instrument that something rests on; `confirmed` when compared with its text."""

    instrument_kind: InstrumentKind
    title: str
    article: str
    confirmed: bool


@dataclass(frozen=True, kw_only=True)
class FieldDefinition(Entry):
    """One field that records under an item may hold, and why it must. Source: 54号 clause 14."""

    name: str
    title: str
    kind: Literal["text", "date", "amount", "code"]
    sensitivity: Literal["public", "ordinary", "personal"]
    required: bool
    why: str


@dataclass(frozen=True, kw_only=True)
class CatalogItem(Titled, InForce):
    """One version of an item of the catalog. Source: 54号 clauses 1, 3, 4; Shenzhen regulation art. 34.

    `determining_areas`: list areas whose authorities determine it; empty for an item of no list.
    `retention_months`: how long stored fields are kept, from the day of determination.
    `person_publicity_basis`: the express law that lets records of natural persons be public.
    `unrepairable_basis`: the law that excludes repair. Source: 54号 clause 11.
    """

    family: Family
    level: Level
    division: str = ""
    bases: tuple[LegalBasis, ...]
    conduct: str
    subject_types: tuple[SubjectType, ...]
    document_kinds: tuple[DocumentKind, ...]
    fields: tuple[FieldDefinition, ...]
    public: bool
    person_publicity_basis: LegalBasis | None = None
    sharing: Literal["authorities", "none"]
    update_frequency: UpdateFrequency
    source_channel: str
    retention_months: int
    negative: bool
    unrepairable_basis: LegalBasis | None = None
    determining_areas: tuple[str, ...] = ()

    @property
    def public_persons(self) -> bool:
        """True when records of natural persons may be public, by the express law that the item cites."""
        return self.person_publicity_basis is not None

    @property
    def unrepairable(self) -> bool:
        """True when a law excludes repair."""
        return self.unrepairable_basis is not None

    @cached_property
    def by_name(self) -> dict[str, FieldDefinition]:
        """The definitions of the fields that records under this item may hold, by name."""
        return {field.name: field for field in reversed(self.fields)}


@dataclass(frozen=True, kw_only=True)
class Measure(Titled, InForce):
    """A disciplinary measure. Source: 54号 clauses 9 and 10."""

    least_severity: Severity
    areas: tuple[str, ...]
    subject_types: tuple[SubjectType, ...]
    bases: tuple[LegalBasis, ...]

    def may_follow(self, *, area: str, severity: Severity, subject_type: SubjectType) -> bool:
        """Say whether a finding of this area and gravity may lead to it for a subject of this type."""
        return area in self.areas and subject_type in self.subject_types and severity.at_least(self.least_severity)


@dataclass(frozen=True, kw_only=True)
class Criterion(Entry):
    """One criterion of a listing standard."""

    code: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Consultation(Entry):
    """The public consultation on a local standard, in [opened_on, closed_on). Source: 54号 clause 7."""

    opened_on: date
    closed_on: date


@dataclass(frozen=True, kw_only=True)
class Scheme(Titled, InForce):
    """A serious-dishonesty list. Source: 54号 clauses 6 and 7.

    `instrument` and `article` set the standard; `bases` let the area have a list at all.
    `earliest_removal` and `period` name the statutory numbers that bound a listing (`listing_period`).
    """

    level: Level
    division: str = ""
    area: str
    violation_kind: ViolationKind
    instrument: str
    article: str
    confirmed: bool
    bases: tuple[LegalBasis, ...]
    consultation: Consultation | None = None
    criteria: tuple[Criterion, ...]
    removal_conditions: str
    removal_procedure: str
    remedies: str
    item_code: str
    earliest_removal: str
    period: str


@dataclass(frozen=True, kw_only=True)
class Purpose(Titled):
    """Why an authority may ask. `yes_no`: the answer says whether, never what."""

    yes_no: bool
    legal_basis: LegalBasis
    matter_kind: str


@dataclass(frozen=True, kw_only=True)
class ArchiveBasis(Titled):
    """On what the archive may be opened. Source: Personal Information Protection Law arts. 18, 35, 45.

    `longest_delay_days`: for how long at most the party is not shown it, by `delay_basis`; 0: it is shown at once.
    An application waits `approval_days` for its approval, which lasts `open_hours`.
    """

    bases: tuple[LegalBasis, ...]
    longest_delay_days: int
    delay_basis: LegalBasis | None = None
    approval_days: int
    open_hours: int


@dataclass(frozen=True, kw_only=True)
class Division(Entry):
    """An administrative division, GB/T 2260; `parent` is the province of a prefecture."""

    code: str
    title: str
    parent: str = ""


@dataclass(frozen=True, kw_only=True)
class ProhibitedFields(Entry):
    """A category that no item may define. `persons_only`: free for items about enterprises alone.

    `names` are words of a lower_snake field name, `terms` are Chinese words of a title, `patterns` regular
    expressions over the name.
    """

    code: str
    title: str
    names: tuple[str, ...]
    terms: tuple[str, ...]
    patterns: tuple[str, ...] = ()
    persons_only: bool
    reason: str
    source: str
    confirmed: bool

    def covers(self, name: str, title: str = "") -> bool:
        """Say whether a field of this name or title belongs to the category."""
        return self._name.search(name.lower()) is not None or any(term in title or term in name for term in self.terms)

    @cached_property
    def _name(self) -> re.Pattern[str]:
        words = "|".join(re.escape(name) for name in self.names)
        return re.compile("|".join([rf"(?:^|[^a-z])(?:{words})(?:$|[^a-z])", *self.patterns]))
