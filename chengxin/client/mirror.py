"""Between objects and the messages that mirror them: the same names, values as the contract writes them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from functools import cache, partial
from operator import attrgetter, methodcaller
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

from google.protobuf.descriptor import Descriptor, EnumDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from chengxin.client.errors import ChengxinError

M = TypeVar("M", bound=Message)
T = TypeVar("T")


def mirrored(kind: type[M], source: object, /, *, without: Iterable[str] = (), **given: Any) -> M:
    """Make a message whose fields are the attributes (or keys) of `source` of the same names.

    Days become YYYY-MM-DD, instants timestamps, ids text, enums the contract's members, nested objects messages; None
    leaves a field out. Fields in `given` are taken from there, those in `without` are left out. Raises AttributeError
    or KeyError where the source lacks a field, so that a field added to the contract is not forgotten.
    """
    members = {
        name: [_converted(field, each) for each in value] if repeated else _converted(field, value)
        for name, repeated, field in _fields(kind.DESCRIPTOR)
        if name not in given
        and name not in without
        and (value := source[name] if isinstance(source, Mapping) else getattr(source, name)) is not None
    }
    return kind(**members, **given)


def read(kind: type[T], message: Message, /, **given: Any) -> T:
    """Make an object of the dataclass `kind` from the message that mirrors it: the way back from `mirrored`.

    What may be None is None where the message is silent. Members in `given` are taken from there; one that the message
    has no field for keeps its default. Raises ChengxinError for an enum's member that this client does not know.
    """
    members = {
        name: value_of(getattr(message, name)) if is_told is None or is_told(message) else None
        for name, is_told, value_of in _readers(kind, message.DESCRIPTOR)
        if name not in given
    }
    return kind(**members, **given)


def _converted(field: Any, value: Any) -> Any:
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


def _reader(wanted: Any, field: Any) -> Callable[[Any], Any]:
    """What makes a value of the type `wanted` from the field's."""
    if wanted is datetime:
        return lambda stamp: stamp.ToDatetime(tzinfo=UTC)
    if wanted is date:
        return date.fromisoformat
    if field.enum_type is not None:
        return partial(_member, wanted, {number: name for name, number in _numbers(field.enum_type).items()})
    if field.message_type is not None:
        return partial(read, wanted)
    return get_origin(wanted) or wanted


def _member(wanted: Any, names: Mapping[int, str], number: int) -> Any:
    try:
        return wanted[names[number]]
    except KeyError:
        what = f"a {wanted.__name__} that this client does not know"
        raise ChengxinError(f"The house answered with {what}. Update the client.") from None


@cache
def _fields(descriptor: Descriptor) -> list[tuple[str, bool, Any]]:
    return [(field.name, field.is_repeated, field) for field in descriptor.fields]


_Of = Callable[[Any], Any]


@cache
def _readers(kind: type, descriptor: Descriptor) -> list[tuple[str, _Of | None, _Of]]:
    """For each member that the message has a field for: when it is told, None for always, and what reads its value."""
    readers: list[tuple[str, _Of | None, _Of]] = []
    hints: dict[str, Any] = get_type_hints(kind)
    for name in (member.name for member in fields(kind) if member.name in descriptor.fields_by_name):
        field, choices = descriptor.fields_by_name[name], get_args(hints[name])
        telling = methodcaller("HasField", name) if field.has_presence else attrgetter(name)
        wanted, is_told = (choices[0], telling) if NoneType in choices else (hints[name], None)
        readers.append((name, is_told, _reader(wanted, field)))
    return readers


@cache
def _numbers(members: EnumDescriptor) -> dict[str, int]:
    """The numbers of an enum's members by their names without the prefix that they share."""
    prefix = members.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return {name.removeprefix(prefix): member.number for name, member in members.values_by_name.items()}
