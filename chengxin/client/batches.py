"""Cuts what a caller hands over into messages, without ever holding more than one of them."""

from __future__ import annotations

from typing import Generic, TypeVar

from chengxin.catalog.v1 import record_pb2
from chengxin.client import requests
from chengxin.client.records import Record

MOST_IN_MESSAGE = 1000
"""Parties or records in one message. Source: contract."""
MESSAGE_BYTES = 512 * 1024
"""Size at which a message is closed; the house takes 1 MiB."""
RECORD_BYTES = 256 * 1024
"""Largest record that is sent at all."""

T = TypeVar("T")


class Batch(Generic[T]):
    """Gathers members until they fill a message, by number or by size."""

    def __init__(self, most: int = MOST_IN_MESSAGE) -> None:
        """`most` is the number of members that fill it, 1 to 1,000; ValueError otherwise."""
        if not 1 <= most <= MOST_IN_MESSAGE:
            raise ValueError(f"a message holds 1 to {MOST_IN_MESSAGE}")
        self._most = most
        self._members: list[T] = []
        self._bytes = 0

    def add(self, member: T, size: int = 0) -> list[T]:
        """Take a member of `size` bytes; return the batch that it closed, or nothing."""
        full = len(self._members) >= self._most or self._bytes + size > MESSAGE_BYTES
        closed = self.rest() if full else []
        self._members.append(member)
        self._bytes += size
        return closed

    def rest(self) -> list[T]:
        """Return what is gathered and begin anew."""
        members, self._members, self._bytes = self._members, [], 0
        return members


def sized_draft(record: Record) -> tuple[record_pb2.RecordDraft, int]:
    """Return the record's message and its size in bytes; ValueError when it is too large to send."""
    draft = requests.draft(record)
    size = draft.ByteSize()
    if size > RECORD_BYTES:
        raise ValueError(f"a record has {size} bytes; at most {RECORD_BYTES} can be sent")
    return draft, size
