"""From a domain object to the message that mirrors it: the same names, values as the contract writes them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

M = TypeVar("M", bound=Message)


def mirrored(kind: type[M], source: object, *, without: Iterable[str] = (), **given: Any) -> M:
    """Make a message whose fields are the attributes (or keys) of `source` of the same names.

    Days become YYYY-MM-DD, instants timestamps, ids text, enums the contract's members, nested objects messages; None
    leaves a field out. Fields in `given` are taken from there, those in `without` are left out. Raises AttributeError
    or KeyError where the source lacks a field, so that a field added to the contract is not forgotten.
    """
    fields = {
        field.name: _converted(field, value)
        for field in kind.DESCRIPTOR.fields
        if field.name not in given
        and field.name not in without
        and (value := source[field.name] if isinstance(source, Mapping) else getattr(source, field.name)) is not None
    }
    return kind(**fields, **given)


def _converted(field: Any, value: Any) -> Any:
    if field.is_repeated:
        return [_single(field, each) for each in value]
    return _single(field, value)


def _single(field: Any, value: Any) -> Any:
    if isinstance(value, Message):
        return value
    if isinstance(value, datetime):
        stamp = Timestamp()
        stamp.FromDatetime(value.astimezone(UTC))
        return stamp
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if field.enum_type is not None:
        return _numbers(field.enum_type)[value.name if isinstance(value, enum.Enum) else str(value).upper()]
    if isinstance(value, enum.Enum):
        return value.value
    if field.message_type is not None:
        return mirrored(GetMessageClass(field.message_type), value)
    return value


@cache
def _numbers(members: EnumDescriptor) -> dict[str, int]:
    """The numbers of an enum's members by their names without the prefix that they share."""
    prefix = members.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {name.removeprefix(prefix): member.number for name, member in members.values_by_name.items()}
