"""The mapping of columns to a record's parts: read from YAML, checked, and then only looked at."""

from __future__ import annotations

import enum
from collections.abc import ItemsView, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from importlib import resources
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NoReturn, cast, get_args, get_origin, get_type_hints

import yaml

from chengxin.client.parties import IdentifierKind
from chengxin.client.records import DocumentKind, Severity
from chengxin.handin.reasons import MAPPING_INVALID, HandInError

Part = Literal[
    "party_name",
    "party_type",
    "uscc",
    "id_type",
    "id_number",
    "document_number",
    "authority",
    "determined_on",
    "effective_on",
    "publicity_until",
    "category",
    "severity",
    "record_number",
    "version",
    "person_publicity_basis",
]
"""What columns can say besides the item's fields."""
PartyType = Literal["organisation", "sole_trader", "person"]
FieldKind = Literal["text", "number", "date", "end_date", "wan_yuan"]
BY_FINE = "by_fine"
_ESSENTIAL: tuple[Part, ...] = ("party_name", "determined_on", "category")  # without them there is nothing to refuse
# Members have the names that they have in the file; an underscore at the end keeps clear of Python's own words.


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """What a penalty's or licence's category stands for; `severity` is None where it gives no grade."""

    item: str
    document: DocumentKind
    severity: Literal["slight", "ordinary", "serious", "by_fine"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FineGrade:
    """The grade of fines up to and with `up_to_yuan` (None: of any), for one type of party (None: for all)."""

    party: PartyType | None = None
    up_to_yuan: Decimal | None = None
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldColumn:
    """A field of the item, the headers it may stand under, and how its cells are read."""

    as_: FieldKind
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """One kind of hand-in file. Headers are as written in the mapping, the usual name first."""

    columns: Mapping[Part, tuple[str, ...]]
    required: tuple[Part, ...] = ()
    title: str
    outdated_codes: tuple[tuple[str, ...], ...] = ()
    not_sent: tuple[str, ...] = ()
    fields: Mapping[str, FieldColumn]
    categories: Mapping[str, Category]
    fine_grades: tuple[FineGrade, ...] = ()

    @property
    def needed(self) -> tuple[Part, ...]:
        """The parts whose columns a file must have."""
        return tuple(dict.fromkeys((*_ESSENTIAL, *self.required)))

    @property
    def graded(self) -> bool:
        """True where the records are negative findings, which have a severity."""
        return any(category.severity is not None for category in self.categories.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """The whole mapping."""

    format: Literal[1]
    blanks: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    party_types: Mapping[str, PartyType]
    id_types: Mapping[str, IdentifierKind]
    severities: Mapping[str, Severity] = field(default_factory=dict[str, Severity])
    category_separators: str = ""
    files: Mapping[str, FileKind]


def load_mapping(path: Path | None = None) -> ColumnMapping:
    """Read the mapping in `path`, or the one that comes with the package. Raises HandInError(MAPPING_INVALID)."""
    try:
        written = (path or resources.files("chengxin.handin") / "columns.yaml").read_text(encoding="utf-8")
        whole: Any = yaml.safe_load(written)
    except (OSError, UnicodeDecodeError):
        _wrong("file", "a readable UTF-8 file")
    except yaml.YAMLError as error:
        mark: Any = getattr(error, "problem_mark", None)
        _wrong(f"line {mark.line + 1}" if mark else "file", "YAML")
    mapping: ColumnMapping = _read(ColumnMapping, whole, "")
    for name, kind in mapping.files.items():
        if not set(kind.needed) <= kind.columns.keys():
            _wrong(f"files.{name}.columns", f"a table that has {', '.join(kind.needed)}")
    return mapping


def _read(wanted: Any, value: Any, at: str) -> Any:
    """Return the YAML `value` as the type `wanted`; HandInError names the place `at` where it does not fit."""
    shape, within = get_origin(wanted), get_args(wanted)
    if NoneType in within:
        return None if value is None else _read(within[0], value, at)
    if shape is tuple:
        if not isinstance(value, list):
            _wrong(at, "a list")
        return tuple(_read(within[0], one, at) for one in cast("list[Any]", value))
    if shape is Mapping:
        return {_read(within[0], name, at): _read(within[1], one, f"{at}.{name}") for name, one in _table(value, at)}
    if is_dataclass(wanted):
        return _built(wanted, dict(_table(value, at)), at)
    choices = within if shape is Literal else [one.value for one in wanted] if issubclass(wanted, enum.Enum) else ()
    if choices and value not in choices:
        _wrong(at, f"one of {', '.join(map(str, choices))}")
    if wanted is str and not isinstance(value, str):
        _wrong(at, "a text")
    try:
        return value if shape is Literal else wanted(str(value))
    except InvalidOperation:  # Decimal's word for what is no number
        _wrong(at, "an amount in yuan")


def _built(wanted: Any, given: dict[str, Any], at: str) -> Any:
    hints = get_type_hints(wanted)
    members: dict[str, Any] = {}
    for member in fields(wanted):
        word = member.name.rstrip("_")
        if word in given or (member.default is MISSING and member.default_factory is MISSING):
            members[member.name] = _read(hints[member.name], given.get(word), f"{at}.{word}".removeprefix("."))
    return wanted(**members)


def _table(value: Any, at: str) -> ItemsView[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in cast("dict[Any, Any]", value)):
        _wrong(at or "mapping", "a table with text keys")
    return cast("dict[str, Any]", value).items()


def _wrong(at: str, expected: str) -> NoReturn:
    raise HandInError(MAPPING_INVALID, f"{at} must be {expected}.")
