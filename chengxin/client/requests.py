"""From this package's types to the contract's requests: pure functions."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.client.mirror import mirrored
from chengxin.client.parties import Identifier
from chengxin.client.records import Record
from chengxin.common.v1 import common_pb2

RECORD_BYTES = 256 * 1024
"""Largest record that is sent at all."""


@cache
def how_to_ask(kind: type[Message]) -> tuple[str, str, type[Message]]:
    """Office, path and answer of the one method that takes requests of a kind; `buf lint` sees to it that it is one."""
    package, wanted = import_module(kind.__module__.rpartition(".")[0]), kind.DESCRIPTOR.full_name
    names = [one.name for one in iter_modules(package.__path__, f"{package.__name__}.") if one.name.endswith("_pb2")]
    services: list[Any] = [of for name in names for of in import_module(name).DESCRIPTOR.services_by_name.values()]
    ((service, method),) = ((of, one) for of in services for one in of.methods if one.input_type.full_name == wanted)
    return service.full_name.split(".")[1], f"/{service.full_name}/{method.name}", GetMessageClass(method.output_type)


def context(purpose: str, matter: str, officer: str, query_id: UUID | None = None) -> sharing_pb2.QueryContext:
    """On what authority a question is asked, under a new query id unless one is given. Source: 54号 clause 13."""
    return sharing_pb2.QueryContext(purpose=purpose, matter=matter, officer=officer, query_id=str(query_id or uuid4()))


def identifier_message(identifier: Identifier) -> common_pb2.Identifier:
    """The identifier as the contract writes it."""
    return mirrored(common_pb2.Identifier, identifier)


def draft(record: Record) -> record_pb2.RecordDraft:
    """The record as the contract writes it."""
    fields = [common_pb2.FieldValue(name=name, value=value) for name, value in record.fields.items()]
    return mirrored(record_pb2.RecordDraft, record, fields=fields)


def sized_draft(record: Record) -> tuple[record_pb2.RecordDraft, int]:
    """Return the record's message and its size in bytes; ValueError when it is too large to send."""
    message = draft(record)
    size = message.ByteSize()
    if size > RECORD_BYTES:
        raise ValueError(f"a record has {size} bytes; at most {RECORD_BYTES} can be sent")
    return message, size
