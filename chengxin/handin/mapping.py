"""The mapping of columns to a record's parts: read from YAML, checked, and then only looked at."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeVar, cast

import yaml

from chengxin.client.parties import IdentifierKind
from chengxin.client.records import DocumentKind, Severity
from chengxin.handin.reasons import MAPPING_INVALID, HandInError

FORMAT = 1
PARTS = (
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
)
"""What columns can say besides the item's fields."""
PartyType = Literal["organisation", "sole_trader", "person"]
FieldKind = Literal["text", "number", "date", "end_date", "wan_yuan"]
BY_FINE = "by_fine"
_ESSENTIAL = ("party_name", "determined_on", "category")  # without them not even a refusal could be asked for
_PARTY_TYPES = ("organisation", "sole_trader", "person")
_FIELD_KINDS = ("text", "number", "date", "end_date", "wan_yuan")

V = TypeVar("V")
E = TypeVar("E", bound=enum.Enum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """What a penalty's or licence's category stands for; `severity` is None where it gives no grade."""

    item_code: str
    document: DocumentKind
    severity: Severity | Literal["by_fine"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FineGrade:
    """The grade of fines up to and with `up_to_yuan` (None: of any), for one type of party (None: for all)."""

    party: PartyType | None
    up_to_yuan: Decimal | None
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldColumn:
    """A field of the item, the headers it may stand under, and how its cells are read."""

    name: str
    headers: tuple[str, ...]
    kind: FieldKind


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """One kind of hand-in file. Headers are as written in the mapping, the usual name first."""

    name: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    outdated_codes: tuple[tuple[str, ...], ...]
    not_sent: tuple[str, ...]
    fields: tuple[FieldColumn, ...]
    categories: Mapping[str, Category]
    fine_grades: tuple[FineGrade, ...]

    @property
    def graded(self) -> bool:
        """True where the records are negative findings, which have a severity."""
        return any(category.severity is not None for category in self.categories.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMapping:
    """The whole mapping."""

    blanks: frozenset[str]
    ignored: tuple[str, ...]
    party_types: Mapping[str, PartyType]
    id_types: Mapping[str, IdentifierKind]
    severities: Mapping[str, Severity]
    category_separators: str
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
    top = _table(whole, "mapping")
    if top.get("format") != FORMAT:
        _wrong("format", f"{FORMAT}")
    return ColumnMapping(
        blanks=frozenset(_texts(top.get("blanks", []), "blanks")),
        ignored=_texts(top.get("ignored", []), "ignored"),
        party_types=_choices(top.get("party_types"), "party_types", _party_type),
        id_types=_choices(top.get("id_types"), "id_types", _of(IdentifierKind)),
        severities=_choices(top.get("severities", {}), "severities", _of(Severity)),
        category_separators=_text(top.get("category_separators", ""), "category_separators"),
        kinds=tuple(_kind(name, part) for name, part in _table(top.get("files"), "files").items()),
    )


def _kind(name: str, part: Any) -> FileKind:
    at = f"files.{name}"
    table = _table(part, at)
    columns = {
        key: _texts(headers, f"{at}.columns.{key}")
        for key, headers in _table(table.get("columns"), f"{at}.columns").items()
    }
    required = tuple(dict.fromkeys((*_ESSENTIAL, *_texts(table.get("required", []), f"{at}.required"))))
    for key in (*columns, *required):
        if key not in PARTS or key not in columns:
            _wrong(f"{at}.columns", f"one of {', '.join(PARTS)}")
    codes: Any = table.get("outdated_codes", [])
    if not isinstance(codes, list):
        _wrong(f"{at}.outdated_codes", "a list of lists")
    return FileKind(
        name=name,
        title=_text(table.get("title"), f"{at}.title"),
        columns=columns,
        required=required,
        outdated_codes=tuple(_texts(one, f"{at}.outdated_codes") for one in cast("list[Any]", codes)),
        not_sent=_texts(table.get("not_sent", []), f"{at}.not_sent"),
        fields=tuple(
            _field(field, entry, f"{at}.fields.{field}")
            for field, entry in _table(table.get("fields"), f"{at}.fields").items()
        ),
        categories={
            category: _category(entry, f"{at}.categories.{category}")
            for category, entry in _table(table.get("categories"), f"{at}.categories").items()
        },
        fine_grades=_fine_grades(table.get("fine_grades", []), f"{at}.fine_grades"),
    )


def _field(name: str, entry: Any, at: str) -> FieldColumn:
    table = _table(entry, at)
    kind = table.get("as")
    if kind not in _FIELD_KINDS:
        _wrong(f"{at}.as", f"one of {', '.join(_FIELD_KINDS)}")
    return FieldColumn(name=name, headers=_texts(table.get("headers"), f"{at}.headers"), kind=kind)


def _category(entry: Any, at: str) -> Category:
    table = _table(entry, at)
    severity = table.get("severity")
    return Category(
        item_code=_text(table.get("item"), f"{at}.item"),
        document=_of(DocumentKind)(table.get("document"), f"{at}.document"),
        severity=severity if severity in (BY_FINE, None) else _of(Severity)(severity, f"{at}.severity"),
    )


def _fine_grades(entries: Any, at: str) -> tuple[FineGrade, ...]:
    if not isinstance(entries, list):
        _wrong(at, "a list")
    grades: list[FineGrade] = []
    for entry in cast("list[Any]", entries):
        table = _table(entry, at)
        party, limit = table.get("party"), table.get("up_to_yuan")
        try:
            up_to = None if limit is None else Decimal(str(limit))
        except InvalidOperation:
            _wrong(f"{at}.up_to_yuan", "an amount in yuan")
        grades.append(
            FineGrade(
                party=None if party is None else _party_type(party, f"{at}.party"),
                up_to_yuan=up_to,
                severity=_of(Severity)(table.get("severity"), f"{at}.severity"),
            )
        )
    return tuple(grades)


def _of(choices: type[E]) -> Callable[[Any, str], E]:
    """A reader for the values of an enumeration."""

    def read(value: Any, at: str) -> E:
        try:
            return choices(value)
        except ValueError:
            _wrong(at, f"one of {', '.join(choice.value for choice in choices)}")

    return read


def _party_type(value: Any, at: str) -> PartyType:
    if value not in _PARTY_TYPES:
        _wrong(at, f"one of {', '.join(_PARTY_TYPES)}")
    return value


def _choices(value: Any, at: str, read: Callable[[Any, str], V]) -> dict[str, V]:
    return {name: read(choice, f"{at}.{name}") for name, choice in _table(value, at).items()}


def _table(value: Any, at: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in cast("dict[Any, Any]", value)):
        _wrong(at, "a table with text keys")
    return cast("dict[str, Any]", value)


def _texts(value: Any, at: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in cast("list[Any]", value)):
        _wrong(at, "a list of texts")
    return tuple(cast("list[str]", value))


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str):
        _wrong(at, "a text")
    return value


def _wrong(at: str, expected: str) -> NoReturn:
    raise HandInError(MAPPING_INVALID, f"{at} must be {expected}.")
