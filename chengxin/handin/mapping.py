"""The mapping of columns to a record's parts: read from YAML, checked, and then only looked at."""

from __future__ import annotations

import enum
from collections.abc import ItemsView, Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, NoReturn, Union, cast, get_args, get_origin, get_type_hints

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
# Where the file's word for a member is not its name here.
_WORDS = {"item_code": "item", "kind": "as", "kinds": "files"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """What a penalty's or licence's category stands for; `severity` is None where it gives no grade."""

    item_code: str
    document: DocumentKind
    severity: Severity | Literal["by_fine"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FineGrade:
    """The grade of fines up to and with `up_to_yuan` (None: of any), for one type of party (None: for all)."""

    party: PartyType | None = None
    up_to_yuan: Decimal | None = None
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldColumn:
    """A field of the item, the headers it may stand under, and how its cells are read."""

    name: str
    kind: FieldKind
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """One kind of hand-in file. Headers are as written in the mapping, the usual name first."""

    name: str
    columns: Mapping[Part, tuple[str, ...]]
    required: tuple[Part, ...] = ()
    title: str
    outdated_codes: tuple[tuple[str, ...], ...] = ()
    not_sent: tuple[str, ...] = ()
    fields: tuple[FieldColumn, ...]
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
    kinds: tuple[FileKind, ...]


def load_mapping(path: Path | None = None) -> ColumnMapping:
    """Read the mapping in `path`, or the one that comes with the package. Raises HandInError(MAPPING_INVALID)."""
    try:
        written = (path or files("chengxin.handin") / "columns.yaml").read_text(encoding="utf-8")
        whole: Any = yaml.safe_load(written)
    except (OSError, UnicodeDecodeError):
        _wrong("file", "a readable UTF-8 file")
    except yaml.YAMLError as error:
        mark: Any = getattr(error, "problem_mark", None)
        _wrong(f"line {mark.line + 1}" if mark else "file", "YAML")
    mapping: ColumnMapping = _read(ColumnMapping, whole, "")
    for kind in mapping.kinds:
        if not set(kind.needed) <= kind.columns.keys():
            _wrong(f"files.{kind.name}.columns", f"a table that has {', '.join(kind.needed)}")
    return mapping


def _read(wanted: Any, value: Any, at: str) -> Any:
    """Return the YAML `value` as the type `wanted`; HandInError names the place `at` where it does not fit."""
    shape, within = get_origin(wanted), get_args(wanted)
    if shape in (Union, UnionType):
        return _first_that_fits(within, value, at)
    if shape is tuple:
        return tuple(_read(within[0], one, place) for place, one in _members(within[0], value, at))
    if shape is Mapping:
        return {_read(within[0], name, at): _read(within[1], one, _below(at, name)) for name, one in _table(value, at)}
    if is_dataclass(wanted):
        return _built(wanted, dict(_table(value, at)), at)
    choices = within if shape is Literal else [one.value for one in wanted] if issubclass(wanted, enum.Enum) else ()
    if choices and value not in choices:
        _wrong(at, f"one of {', '.join(map(str, choices))}")
    if wanted is Decimal:
        return _decimal(value, at)
    if wanted in (str, NoneType) and not isinstance(value, wanted):
        _wrong(at, "a text")
    return wanted(value) if isinstance(wanted, enum.EnumType) else value


def _first_that_fits(choices: tuple[Any, ...], value: Any, at: str) -> Any:
    misfits: list[HandInError] = []
    for choice in choices:
        try:
            return _read(choice, value, at)
        except HandInError as misfit:
            misfits.append(misfit)
    raise misfits[0]


def _built(wanted: Any, table: dict[str, Any], at: str) -> Any:
    hints = get_type_hints(wanted)
    given: dict[str, Any] = {}
    for member in fields(wanted):
        word = _WORDS.get(member.name, member.name)
        optional = member.default is not MISSING or member.default_factory is not MISSING
        if word in table or not optional:
            given[member.name] = _read(hints[member.name], table.get(word), _below(at, word))
    return wanted(**given)


def _members(wanted: Any, value: Any, at: str) -> list[tuple[str, Any]]:
    """The members of a list, each with its place; named things are a table by their names."""
    if is_dataclass(wanted) and "name" in get_type_hints(wanted):
        named = [(name, _below(at, name), one) for name, one in _table(value, at)]
        return [(place, {**dict(_table(one, place)), "name": name}) for name, place, one in named]
    if not isinstance(value, list):
        _wrong(at, "a list")
    return [(at, one) for one in cast("list[Any]", value)]


def _table(value: Any, at: str) -> ItemsView[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in cast("dict[Any, Any]", value)):
        _wrong(at or "mapping", "a table with text keys")
    return cast("dict[str, Any]", value).items()


def _decimal(value: Any, at: str) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        _wrong(at, "an amount in yuan")


def _below(at: str, name: str) -> str:
    return f"{at}.{name}".removeprefix(".")


def _wrong(at: str, expected: str) -> NoReturn:
    raise HandInError(MAPPING_INVALID, f"{at} must be {expected}.")
