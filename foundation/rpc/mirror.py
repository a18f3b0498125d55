"""From a domain object to the message that mirrors it: as the departments' client does it."""

from __future__ import annotations

from typing import Any, TypeVar

from google.protobuf.message import Message

from chengxin.client.mirror import mirrored

__all__ = ["answer", "mirrored"]

M = TypeVar("M", bound=Message)


def answer(kind: type[M], **values: Any) -> M:
    """Make an answer from a value for each of its fields, as the domain has them; None leaves a field out.

    Raises KeyError for a field that is not given and TypeError for a value that there is no field for.
    """
    if unknown := values.keys() - kind.DESCRIPTOR.fields_by_name.keys():
        raise TypeError(f"{kind.DESCRIPTOR.name} has no {', '.join(sorted(unknown))}")
    return mirrored(kind, values)
