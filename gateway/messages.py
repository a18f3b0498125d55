"""From the contract's messages to JSON: the same names, days as dates, enums as lower-case words, bytes as base64.

The types come from the contract; names, wording and what may be missing from messages.yaml beside this.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import structlog
import yaml
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from pydantic import BaseModel, BeforeValidator, Field, JsonValue, ValidationError, create_model

from foundation.refusal import Refused
from gateway.problems import answers
from gateway.reasons import OFFICE_FAILED

DESCRIBED: dict[str, Any] = yaml.load(Path(__file__).with_suffix(".yaml").read_bytes(), Loader=yaml.CSafeLoader)
"""Name, messages and fields of every model."""
ALWAYS = (429, 502, 503, 504)
"""Problems with which every route may answer that asks an office."""
_NAMES = {message: name for name, said in DESCRIBED.items() for message in said["of"].split()}
_SCALARS = {FieldDescriptor.CPPTYPE_STRING: str, FieldDescriptor.CPPTYPE_BOOL: bool}
_Day = Annotated[date | None, BeforeValidator(lambda text: text or None)]
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def shows(message: type[Message], *problems: int) -> dict[str, Any]:
    """What a route that answers with `message`, or with problems of these statuses and ALWAYS, tells FastAPI."""
    return {"response_model": model(message), "responses": answers(*problems, *ALWAYS)}


def read(message: Message) -> BaseModel:
    """Read a message into its model. What the model does not name is not shown.

    Raises Refused(OFFICE_FAILED) for an answer that lacks what the contract promises.
    """
    fields = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    try:
        return model(type(message)).model_validate(fields)
    except ValidationError as error:
        faults = [".".join(str(part) for part in fault["loc"]) for fault in error.errors()]
        log.error("office_failed", answer=message.DESCRIPTOR.name, fields=faults)
        raise Refused(OFFICE_FAILED) from None


def model(message: type[Message]) -> type[BaseModel]:
    """The model of a message. Raises KeyError for a message that messages.yaml does not describe."""
    return _model(_NAMES[message.DESCRIPTOR.full_name])


@cache
def _model(name: str) -> type[BaseModel]:
    said = DESCRIBED[name]
    fields = descriptor_pool.Default().FindMessageTypeByName(said["of"].split()[0]).fields_by_name
    typed: dict[str, Any] = {field: _typed(fields[field], text) for field, text in said["fields"].items()}
    return create_model(name, __doc__=said["is"], __module__=__name__, **typed)


def _typed(field: FieldDescriptor, said: str | dict[str, str]) -> Any:
    """Type and description of a field, as pydantic takes them. `said` is as messages.yaml has it."""
    ((form, text),) = said.items() if isinstance(said, dict) else [("", said)]
    kind: Any = _Day if form == "day" else _kind(field)
    if field.is_repeated:
        return list[kind], Field(description=text)
    if field.enum_type is not None:
        prefix = _prefix(field.enum_type)
        words: list[JsonValue] = [name.removeprefix(prefix).lower() for name in field.enum_type.values_by_name]
        return kind, Field(description=text, json_schema_extra={"enum": words if form == "maybe" else words[1:]})
    return (kind | None, Field(default=None, description=text)) if form == "maybe" else (kind, Field(description=text))


def _kind(field: FieldDescriptor) -> Any:
    if field.enum_type is not None:
        prefix = _prefix(field.enum_type)
        return Annotated[str, BeforeValidator(lambda name: str(name).removeprefix(prefix).lower())]
    if field.message_type is None:
        return _SCALARS.get(field.cpp_type, int)
    if field.message_type.full_name == Timestamp.DESCRIPTOR.full_name:
        return datetime
    return _model(_NAMES[field.message_type.full_name])


def _prefix(enum: EnumDescriptor) -> str:
    """What the names of the enum's members begin with."""
    return enum.values_by_number[0].name.removesuffix("UNSPECIFIED")
