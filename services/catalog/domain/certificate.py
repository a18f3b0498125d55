"""The withdrawal certificate: that sharing ended, when and why, who had received it and who has deleted it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from foundation.calendar import SHANGHAI


@dataclass(frozen=True, slots=True)
class Receiver:
    """An authority that had received the record, and when it acknowledged that its copy is deleted."""

    authority: str
    acknowledged_at: datetime | None

    @classmethod
    def read(cls, entry: dict[str, Any]) -> Receiver:
        """Read an entry as the door `provided` gives it."""
        at = entry["acknowledged_at"]
        return cls(entry["authority"], datetime.fromisoformat(at) if at else None)


def withdrawal_certificate(
    record: Mapping[str, Any], receivers: Sequence[Receiver], *, issued_at: datetime, deployment: str
) -> str:
    """The text of the certificate, Chinese first; it names no party, so that showing it discloses nothing more.

    `record` is as the door `provided` gives it. Source: docs/architecture.md, The end of sharing.
    """
    certificate = _TEMPLATES.get_template("certificate.txt")
    return certificate.render(record=record, receivers=receivers, issued_at=issued_at, deployment=deployment)


def _local(instant: datetime | str) -> str:
    at = instant if isinstance(instant, datetime) else datetime.fromisoformat(instant)
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


_TEMPLATES = Environment(  # noqa: S701 - plain text, and nothing in it was written by a party
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters.update(local=_local)
