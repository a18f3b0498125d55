"""The book of what the house obeys, loaded from `law/` and refused as a whole where one entry is unlawful."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, make_dataclass
from datetime import date
from functools import cache, cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from foundation.lawfile import Entry, LawError, law_files, read_law, shaped
from foundation.policy import lawfulness
from foundation.policy.entries import (
    ArchiveBasis,
    CatalogItem,
    Division,
    FieldDefinition,
    Measure,
    ProhibitedFields,
    Purpose,
    Scheme,
)
from foundation.policy.numbers import Policy, load_policy

V = TypeVar("V", CatalogItem, Measure, Scheme)
E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, kw_only=True)
class LawBook:
    """Everything in `law/` but the numbers and the calendar. Entries are sorted by code, then by date."""

    items: tuple[CatalogItem, ...]
    measures: tuple[Measure, ...]
    schemes: tuple[Scheme, ...]
    purposes: tuple[Purpose, ...]
    divisions: tuple[Division, ...]
    prohibited: tuple[ProhibitedFields, ...]
    archive_bases: tuple[ArchiveBasis, ...]

    @classmethod
    def load(cls, law: Path, policy: Policy | None = None) -> LawBook:
        """Load and check `law/`; `policy` saves reading the numbers again.

        Raises LawError for a file that is not understood and for an entry that breaks a rule
        (`foundation.policy.lawfulness`).
        """
        policy = policy or load_policy(law)
        book = cls(
            items=_sorted(i for path in law_files(law / "catalog") for i in _items(path)),
            measures=_sorted(m for path in law_files(law / "measures") for m in _listed(path, "measures", Measure)),
            schemes=_sorted(s for path in law_files(law / "schemes") for s in _listed(path, "schemes", Scheme)),
            purposes=_listed(law / "purposes.yaml", "purposes", Purpose),
            divisions=_listed(law / "divisions.yaml", "divisions", Division),
            prohibited=_listed(law / "prohibited_fields.yaml", "prohibited", ProhibitedFields),
            archive_bases=_listed(law / "archive.yaml", "bases", ArchiveBasis),
        )
        book._check(policy)
        return book

    def items_in_force(self, on: date) -> list[CatalogItem]:
        """Return the items in force on a day, by code."""
        return [item for item in self.items if item.is_in_force(on)]

    def item(self, code: str, *, on: date) -> CatalogItem | None:
        """Return the version of an item in force on a day; None where none is. See `knows_item`."""
        return _version(self._items.get(code, ()), code, on)

    def knows_item(self, code: str) -> bool:
        """Say whether there is an item of this code, in force or not."""
        return code in self._items

    @cached_property
    def _items(self) -> dict[str, tuple[CatalogItem, ...]]:
        code = attrgetter("code")
        return {of: tuple(versions) for of, versions in groupby(sorted(self.items, key=code), code)}

    def measures_in_force(self, on: date) -> list[Measure]:
        """Return the measures in force on a day, by code."""
        return [measure for measure in self.measures if measure.is_in_force(on)]

    def measure(self, code: str, *, on: date) -> Measure | None:
        """Return the version of a measure in force on a day; None where none is."""
        return _version(self.measures, code, on)

    def schemes_in_force(self, on: date) -> list[Scheme]:
        """Return the list schemes in force on a day, by code."""
        return [scheme for scheme in self.schemes if scheme.is_in_force(on)]

    def scheme(self, code: str, *, on: date) -> Scheme | None:
        """Return the version of a scheme in force on a day; None where none is."""
        return _version(self.schemes, code, on)

    def scheme_of_item(self, item_code: str, *, on: date) -> Scheme | None:
        """Return the scheme in force on a day whose listings are shared under an item; None where none is."""
        return next((s for s in self.schemes if s.item_code == item_code and s.is_in_force(on)), None)

    def purpose(self, code: str) -> Purpose | None:
        """Return a purpose; None where there is none of this code."""
        return next((purpose for purpose in self.purposes if purpose.code == code), None)

    def prohibited_category(self, name: str, title: str = "") -> ProhibitedFields | None:
        """Return the category by which a field about a person is prohibited; None where it is not.

        Source: 54号 clause 14.
        """
        return next((category for category in self.prohibited if category.covers(name, title)), None)

    def _check(self, policy: Policy) -> None:
        lawfulness.check_divisions(self.divisions)
        divisions = frozenset(division.code for division in self.divisions)
        for item in self.items:
            lawfulness.check_item(item, self.prohibited, divisions)
        lawfulness.check_local_items(self.items)
        areas = frozenset(area for item in self.items for area in item.determining_areas)
        for measure in self.measures:
            lawfulness.check_measure(measure, areas)
        for scheme in self.schemes:
            lawfulness.check_scheme(scheme, self.items, policy, divisions)
        for purpose in self.purposes:
            lawfulness.check_purpose(purpose)
        for basis in self.archive_bases:
            lawfulness.check_archive_basis(basis)
        lawfulness.check_versions("item", self.items)
        lawfulness.check_versions("measure", self.measures)
        lawfulness.check_versions("scheme", self.schemes)


@dataclass(frozen=True, kw_only=True)
class _CatalogFile(Entry):
    """Items, and sets of fields that several of them use: an item names them in `uses`."""

    field_sets: dict[str, tuple[FieldDefinition, ...]] = field(default_factory=dict[str, Any])
    items: tuple[dict[str, Any], ...]


def _items(path: Path) -> Iterable[CatalogItem]:
    file = read_law(path, _CatalogFile)
    for entry in file.items:
        where = f"{path}: item {entry.get('code', 'without code')}"
        fields: list[Any] = []
        for name in entry.get("uses", ()):
            if name not in file.field_sets:
                raise LawError(where, f"there is no field set {name}")
            fields.extend(file.field_sets[name])
        own = {key: value for key, value in entry.items() if key != "uses"}
        yield shaped(own | {"fields": [*fields, *own.get("fields", ())]}, CatalogItem, where)


def _listed(path: Path, key: str, kind: type[E]) -> tuple[E, ...]:
    """The entries of a file that holds a list of them under `key`, and nothing else."""
    return getattr(read_law(path, _list_file(key, kind)), key)


@cache
def _list_file(key: str, kind: type[Entry]) -> type[Any]:
    return make_dataclass("ListFile", [(key, tuple[kind, ...])], bases=(Entry,))


def _sorted(entries: Iterable[V]) -> tuple[V, ...]:
    return tuple(sorted(entries, key=lambda entry: (entry.code, entry.in_force_from)))


def _version(entries: Iterable[V], code: str, on: date) -> V | None:
    return next((entry for entry in entries if entry.code == code and entry.is_in_force(on)), None)
