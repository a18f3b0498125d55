"""The rules that every entry of `law/` must keep; each raises LawError with the entry and the fault."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import TypeVar

from foundation.identity.names import fold_name
from foundation.lawfile import LawError
from foundation.policy.entries import (
    ArchiveBasis,
    CatalogItem,
    Division,
    LegalBasis,
    Level,
    Measure,
    ProhibitedFields,
    Purpose,
    Scheme,
)
from foundation.policy.in_force import InForce
from foundation.policy.numbers import Policy

V = TypeVar("V", CatalogItem, Measure, Scheme)

_ABOVE_RULES = frozenset({"law", "administrative_regulation", "central_policy"})
_REGULATIONS = _ABOVE_RULES | {"local_regulation"}
_CODE = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_FIELD_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_DIVISION = re.compile(r"[0-9]{6}")


def check_item(item: CatalogItem, prohibited: Sequence[ProhibitedFields], divisions: frozenset[str]) -> None:
    """Check one item. Source: 54号 clauses 1, 2, 4, 11, 14."""
    where = f"item {item.code}"
    _check_code(where, item.code)
    _check_bases(where, item.bases, item.level)
    _check_division(where, item.level, item.division, divisions)
    _require(where, item.conduct, "names no conduct or fact that it covers")
    _require(where, item.source_channel, "names no source and channel")
    _require(where, item.subject_types, "names no subject type")
    _require(where, item.document_kinds, "allows no kind of document, so no finding could rest on anything")
    _require(where, item.fields, "defines no field")
    _require(where, item.retention_months > 0, "needs a retention of one month at least")
    _require(where, item.sharing != "none" or not item.public, "what is not shared cannot be public")
    persons_may_be_public = item.public and "person" in item.subject_types
    unfounded = "cites a law for publishing persons, but is not public or not about persons"
    _require(where, persons_may_be_public or not item.person_publicity_basis, unfounded)
    needing_law = {"publishing persons": item.person_publicity_basis, "excluding repair": item.unrepairable_basis}
    for what, basis in needing_law.items():
        strong = basis is None or basis.instrument_kind in _REGULATIONS
        _require(where, strong, f"{what} needs a law, regulation or central policy")
    _check_fields(where, item, prohibited)


def _check_fields(where: str, item: CatalogItem, prohibited: Sequence[ProhibitedFields]) -> None:
    names = [field.name for field in item.fields]
    for field in item.fields:
        if not _FIELD_NAME.fullmatch(field.name) or names.count(field.name) > 1:
            raise LawError(where, f"the field {field.name} is not lower_snake or stands twice")
        if not field.why or not field.title:
            raise LawError(where, f"the field {field.name} has no title or does not say why it is needed")
        for category in prohibited:
            if category.persons_only and "person" not in item.subject_types:
                continue
            if category.covers(field.name, field.title):
                raise LawError(where, f"the field {field.name} is prohibited: {category.reason}")


def check_local_items(items: Iterable[CatalogItem]) -> None:
    """Refuse a local item that repeats one of a higher level. Source: Shenzhen regulation art. 33."""
    rank = {"national": 0, "province": 1, "municipality": 2}
    for one, other in combinations(items, 2):
        higher, lower = sorted((one, other), key=lambda item: rank[item.level])
        if rank[higher.level] == rank[lower.level] or not _overlap(one, other):
            continue
        same_title = fold_name(higher.title) == fold_name(lower.title)
        if same_title or fold_name(higher.conduct) == fold_name(lower.conduct):
            raise LawError(f"item {lower.code}", f"repeats {higher.code} of a higher level")


def check_measure(measure: Measure, areas: frozenset[str]) -> None:
    """Check one measure; `areas` are those that some item is determined in. Source: 54号 clause 9."""
    where = f"measure {measure.code}"
    _check_code(where, measure.code)
    _require(where, measure.bases, "has no legal basis")
    strong = any(basis.instrument_kind in _REGULATIONS for basis in measure.bases)
    _require(where, strong, "rests on no law, regulation or central policy")
    _check_articles(where, measure.bases)
    _require(where, measure.areas, "names no area")
    unknown = [area for area in measure.areas if area not in areas]
    _require(where, not unknown, f"names areas without a list item: {', '.join(unknown)}")
    _require(where, measure.subject_types, "names no subject type")


def check_scheme(scheme: Scheme, items: Sequence[CatalogItem], policy: Policy, divisions: frozenset[str]) -> None:
    """Check one list scheme. Source: 54号 clauses 6 and 7."""
    where = f"scheme {scheme.code}"
    _check_code(where, scheme.code)
    for field in ("area", "instrument", "article", "criteria", "removal_conditions", "removal_procedure", "remedies"):
        _require(where, getattr(scheme, field), f"has no {field}")
    _check_bases(where, scheme.bases, scheme.level)
    _check_division(where, scheme.level, scheme.division, divisions)
    codes = [criterion.code for criterion in scheme.criteria]
    _require(where, len(set(codes)) == len(codes), "has two criteria of one code")
    has_item = any(i.code == scheme.item_code and scheme.area in i.determining_areas for i in items)
    _require(where, has_item, f"has no item {scheme.item_code} that its area determines")
    for name in (scheme.earliest_removal, scheme.period):
        _require(where, name in policy.names(), f"names the statutory number {name}, which law/policy lacks")
    if scheme.level != "national":
        _check_consultation(where, scheme, policy)


def _check_consultation(where: str, scheme: Scheme, policy: Policy) -> None:
    if scheme.consultation is None:
        raise LawError(where, "is local and records no public consultation on its standard")
    opened, closed = scheme.consultation.opened_on, scheme.consultation.closed_on
    least = policy.governing("consultation.local_standard", on=opened)
    _require(where, closed >= least.after(opened), f"its consultation was shorter than {least.value} {least.unit}")
    _require(where, scheme.in_force_from >= closed, "comes into force before its consultation is over")


def check_purpose(purpose: Purpose) -> None:
    """Check one purpose of queries. Source: 54号 clause 13."""
    where = f"purpose {purpose.code}"
    _check_code(where, purpose.code)
    _check_articles(where, [purpose.legal_basis])
    _require(where, purpose.matter_kind, "names no kind of matter")


def check_archive_basis(basis: ArchiveBasis) -> None:
    """Check one basis for opening the archive: a delay needs a law of its own."""
    where = f"archive basis {basis.code}"
    _check_code(where, basis.code)
    _require(where, basis.bases, "rests on no law")
    _check_articles(where, [*basis.bases, *([basis.delay_basis] if basis.delay_basis else [])])
    _require(where, 0 <= basis.longest_delay_days <= 366, "delays for 366 days at most")
    _require(where, not basis.longest_delay_days or basis.delay_basis, "delays on no law")
    _require(where, 1 <= basis.approval_days <= 30, "waits 1 to 30 days for its approval")
    _require(where, 1 <= basis.open_hours <= 72, "is open for 1 to 72 hours")


def check_divisions(divisions: Sequence[Division]) -> None:
    """Check the divisions: six digits, no code twice, every parent there."""
    codes = [division.code for division in divisions]
    for division in divisions:
        where = f"division {division.code}"
        single = _DIVISION.fullmatch(division.code) and codes.count(division.code) == 1
        _require(where, single, "is not six digits or stands twice")
        _require(where, not division.parent or division.parent in codes, "has an unknown parent")


def check_versions(what: str, entries: Sequence[V]) -> None:
    """Refuse two versions of one code that are in force on the same day."""
    for one, other in combinations(entries, 2):
        if one.code == other.code and _overlap(one, other):
            raise LawError(f"{what} {one.code}", "has two versions in force on the same day")
    for entry in entries:
        lasts = entry.in_force_until is None or entry.in_force_until > entry.in_force_from
        _require(f"{what} {entry.code}", lasts, "ends before it comes into force")


def _check_bases(where: str, bases: Sequence[LegalBasis], level: Level) -> None:
    _require(where, bases, "has no legal basis")
    _check_articles(where, bases)
    kinds = {basis.instrument_kind for basis in bases}
    if level == "national":
        _require(where, kinds & _ABOVE_RULES, "rests on no law, administrative regulation or central policy")
    else:
        _require(where, "local_regulation" in kinds, "is local and rests on no local regulation")


def _check_articles(where: str, bases: Iterable[LegalBasis]) -> None:
    for basis in bases:
        _require(where, basis.title and basis.article, "has a legal basis without title or article")


def _check_division(where: str, level: Level, division: str, divisions: frozenset[str]) -> None:
    if level == "national":
        _require(where, not division, "is national and names a division")
    else:
        _require(where, division in divisions, "is local and names no division of law/divisions.yaml")
        same_level = division.endswith("0000") == (level == "province")
        _require(where, same_level, "names a division of another level than its own")


def _check_code(where: str, code: str) -> None:
    _require(where, _CODE.fullmatch(code), "has a code of other than lower-case words joined by . _ or -")


def _overlap(one: InForce, other: InForce) -> bool:
    first, second = sorted((one, other), key=lambda entry: entry.in_force_from)
    return first.in_force_until is None or second.in_force_from < first.in_force_until


def _require(where: str, condition: object, fault: str) -> None:
    if not condition:
        raise LawError(where, fault)
