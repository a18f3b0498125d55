"""What may come into the catalog: every rule that a record must keep, each with its clause."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

from foundation.calendar import add_months
from foundation.identity import Identifier, IdentifierKind, canonicalise, is_under_age, warnings
from foundation.policy import CatalogItem, LawBook, Policy, Severity, listing_period, publicity_period
from foundation.refusal import Refused
from services.catalog.domain import reasons

LONGEST_TEXT = 4000
BASIS_BY_LAW = "express_law"
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,6})?", re.ASCII)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)  # fromisoformat takes weeks too
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A record as handed in, with its identifier and dates already well-formed."""

    record_number: str
    item_code: str
    party: Identifier
    party_name: str = field(repr=False)
    document_kind: str
    document_number: str = field(repr=False)
    authority: str
    determined_on: date
    effective_on: date
    severity: Severity | None
    fields: tuple[tuple[str, str], ...] = field(repr=False)
    publicity_until: date | None = None
    person_publicity_basis: str = ""
    sample: bool = False
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A draft that keeps every rule, with what follows from them. `ends_before` is the first day not shared."""

    draft: Draft
    item: CatalogItem
    earliest_repair_on: date | None
    ends_before: date
    public: bool
    warnings: tuple[str, ...]


def admit(draft: Draft, *, lawbook: LawBook, policy: Policy, provider: str, on_behalf: bool, today: date) -> Admitted:
    """Hold a draft against the rules; raise Refused for the first that it breaks.

    `provider` is the caller's authority; `on_behalf` is true for an office that carries out another authority's
    decision. `today` is the house's day in Shanghai.
    """
    item = _item_in_force(draft, lawbook, today)
    _check_party(draft, item)
    authority = _check_document(draft, item, provider=provider, on_behalf=on_behalf, today=today)
    if authority != draft.authority:
        draft = replace(draft, authority=authority)
    _check_fields(draft, item, lawbook)
    earliest, ends_before, capped = _period(draft, item, lawbook, policy, today)
    public = _publicity(draft, item, today)
    remarks = (*warnings(draft.party), *(("PUBLICITY_CAPPED",) if capped else ()))
    return Admitted(
        draft=draft, item=item, earliest_repair_on=earliest, ends_before=ends_before, public=public, warnings=remarks
    )


def _item_in_force(draft: Draft, lawbook: LawBook, today: date) -> CatalogItem:
    """54号 clause 1: only what an item in force covers."""
    item = lawbook.item(draft.item_code, on=today)
    if item is None:
        known = lawbook.knows_item(draft.item_code)
        raise Refused(reasons.ITEM_NOT_IN_FORCE if known else reasons.ITEM_UNKNOWN, field="item_code")
    return item


def _check_party(draft: Draft, item: CatalogItem) -> None:
    """Shenzhen regulation art. 34: an item names the types of party it covers."""
    subject_type = "person" if draft.party.is_person else "enterprise"
    if subject_type not in item.subject_types:
        raise Refused(reasons.SUBJECT_TYPE_NOT_COVERED, field="party.identifier.kind")


def _check_document(draft: Draft, item: CatalogItem, *, provider: str, on_behalf: bool, today: date) -> str:
    """54号 clause 2: a legally effective document of a kind that the item allows, made by who answers for it.

    Gives the canonical code of the authority that made it.
    """
    if draft.document_kind not in item.document_kinds:
        raise Refused(reasons.DOCUMENT_KIND_NOT_ALLOWED, field="document.kind")
    try:
        authority = _authority(draft.authority, today)
    except Refused as refused:
        raise Refused(reasons.AUTHORITY_INVALID, field="document.authority") from refused
    if draft.determined_on > today:
        raise Refused(reasons.DATE_IN_FUTURE, field="document.determined_on")
    if draft.effective_on < draft.determined_on:
        raise Refused(reasons.DATES_CONTRADICT, field="document.effective_on")
    if draft.effective_on > today:
        raise Refused(reasons.DOCUMENT_NOT_EFFECTIVE, field="document.effective_on")
    if authority != provider and not on_behalf:
        raise Refused(reasons.WRONG_AUTHORITY, field="document.authority")
    return authority


@lru_cache(maxsize=4096)  # the code of an authority is public
def _authority(written: str, today: date) -> str:
    return canonicalise(IdentifierKind.USCC, written, today=today).value.reveal()


def _check_fields(draft: Draft, item: CatalogItem, lawbook: LawBook) -> None:
    """54号 clauses 1 and 14: only fields that the item names, and never what may not be collected."""
    seen, by_name = set[str](), item.by_name
    for name, value in draft.fields:
        definition = by_name.get(name)
        if definition is None:
            place = f"fields.{name}" if re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name) else "fields"
            prohibited = lawbook.prohibited_category(name) is not None
            raise Refused(reasons.FIELD_PROHIBITED if prohibited else reasons.FIELD_UNKNOWN, field=place)
        if name in seen:
            raise Refused(reasons.FIELD_TWICE, field=f"fields.{name}")
        seen.add(name)
        if not _is_of_kind(value, definition.kind):
            raise Refused(reasons.FIELD_INVALID, field=f"fields.{name}")
    for definition in item.fields:
        if definition.required and definition.name not in seen:
            raise Refused(reasons.FIELD_MISSING, field=f"fields.{definition.name}")


def _is_of_kind(value: str, kind: str) -> bool:
    if not value or len(value) > LONGEST_TEXT or _CONTROL.search(value):
        return False
    if kind == "date":
        try:
            return _DATE.fullmatch(value) is not None and bool(date.fromisoformat(value))
        except ValueError:
            return False
    if kind == "amount":
        return _AMOUNT.fullmatch(value) is not None
    return True


def _period(
    draft: Draft, item: CatalogItem, lawbook: LawBook, policy: Policy, today: date
) -> tuple[date | None, date, bool]:
    """One period, one truth: earliest repair, end of sharing, and whether the stated end was capped.

    信用修复管理办法 (2026) for negative findings, the sector's rule for a list; else the item's retention.
    54号 clause 5: what the determining authority set may only shorten it.
    """
    if item.negative and draft.severity is None:
        raise Refused(reasons.SEVERITY_REQUIRED, field="severity")
    if not item.negative and draft.severity is not None:
        raise Refused(reasons.SEVERITY_NOT_APPLICABLE, field="severity")
    earliest = None
    stated = draft.publicity_until
    if draft.severity is not None:
        scheme = lawbook.scheme_of_item(item.code, on=today)
        period = (
            publicity_period(draft.severity, draft.determined_on, policy, shortened_to=stated)
            if scheme is None
            else listing_period(
                scheme.earliest_removal, scheme.period, draft.determined_on, policy, shortened_to=stated
            )
        )
        earliest, ends_before = period.earliest_repair_on, period.ends_before
    else:
        ends_before = add_months(draft.determined_on, item.retention_months)
        ends_before = min(ends_before, stated or ends_before)
    if ends_before <= today:
        raise Refused(reasons.RETENTION_PASSED, field="document.determined_on")
    return earliest, ends_before, stated is not None and stated > ends_before


def _publicity(draft: Draft, item: CatalogItem, today: date) -> bool:
    """Whether the record is shown to the public.

    54号 clause 4: about a natural person only by express law that the item cites; clause 10: an under-age
    person never; 信用修复管理办法 (2026): a slight finding not.
    """
    if draft.party.is_person:
        asked = draft.person_publicity_basis
        if asked and (asked != BASIS_BY_LAW or not item.public_persons):
            raise Refused(reasons.PERSON_PUBLICITY_WITHOUT_BASIS, field="person_publicity_basis")
        if not asked or is_under_age(draft.party, on=today) is not False:
            return False
    return item.public and draft.severity is not Severity.SLIGHT
