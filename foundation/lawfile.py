"""Reads a file of `law/`: YAML, typed, and refused as a whole where anything in it is not understood."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

T = TypeVar("T")


class LawError(Exception):
    """A file of `law/` that the house does not obey: unreadable, or against a rule that the house keeps."""

    def __init__(self, where: str, fault: str) -> None:
        super().__init__(f"{where}: {fault}")
        self.where = where
        self.fault = fault


class Entry:
    """What a file of `law/` holds: a key that it has no field for is refused."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


class _StrictLoader(yaml.CSafeLoader):
    """Refuses a key that stands twice in one mapping, of which plain YAML keeps the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def read_law(path: Path, shape: type[T]) -> T:
    """Return the file's content as `shape`, a dataclass that is an `Entry`.

    Raises LawError with the file, the entry and the fault.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 a SafeLoader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise LawError(str(path), str(fault)) from None
    return shaped(content, shape, str(path))


def shaped(content: object, shape: type[T], where: str) -> T:
    """Return what `where` holds as `shape`. Raises LawError with the entry and the fault."""
    try:
        return _adapter(shape).validate_python(content)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        raise LawError(where, f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def law_files(directory: Path) -> list[Path]:
    """Return the YAML files of a directory of `law/`, by name. Raises LawError where there is none."""
    found = sorted(directory.glob("*.yaml"))
    if not found:
        raise LawError(str(directory), "no *.yaml file here")
    return found


@cache
def _adapter(shape: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(shape)
