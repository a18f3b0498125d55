"""From the contract's messages to JSON models: the same names, enums as lower-case words, bytes as base64."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, TypeVar

import structlog
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from foundation.refusal import Refused
from gateway.reasons import OFFICE_FAILED

Model = TypeVar("Model", bound=BaseModel)
log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def read(model: type[Model], message: Message) -> Model:
    """Read a message into the model of the same names. What the model does not name is not shown.

    Raises Refused(OFFICE_FAILED) for an answer that lacks what the contract promises.
    """
    fields: dict[str, Any] = MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        faults = [".".join(str(part) for part in fault["loc"]) for fault in error.errors()]
        log.error("office_failed", answer=message.DESCRIPTOR.name, fields=faults)
        raise Refused(OFFICE_FAILED) from None


def word(prefix: str) -> BeforeValidator:
    """Turn an enum name of the contract into its word: SEVERITY_SLIGHT -> slight."""
    return BeforeValidator(lambda name: str(name).removeprefix(prefix).lower())


Severity = Annotated[
    str,
    word("SEVERITY_"),
    Field(
        description="Severity of a negative finding; unspecified where the record is none",
        json_schema_extra={"enum": ["unspecified", "slight", "ordinary", "serious"]},
    ),
]

Day = Annotated[date | None, BeforeValidator(lambda text: text or None)]
"""A date of the contract (ISO 8601 text); null where it is empty."""


class Receipt(BaseModel):
    """Names the journal entry that was written in the same transaction as the answer."""

    source: str = Field(description="The office whose journal holds the entry")
    entry_id: int = Field(description="The entry's id in that journal")
    as_of: datetime = Field(description="The instant by which the answer was filtered (house clock)")
    digest: str = Field(description="SHA-256 over a salt and what was disclosed, base64")


class Refusal(BaseModel):
    """Why something is not possible, and what to do about it."""

    reason: str = Field(description="Stable code in UPPER_SNAKE, listed in docs/refusals.md")
    field: str = Field(description="The field it concerns, as a dotted path; empty for the whole")
    message: str = Field(description="What is the matter, in English")
    remedy: str = Field(description="What can be done about it")
