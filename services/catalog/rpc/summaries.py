"""From a record as a door gives it to its message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.common.v1 import common_pb2
from foundation.calendar import day_of
from foundation.policy import LawBook
from foundation.rpc.messages import iso, timestamp
from services.catalog.office.sharing import Shown
from services.catalog.sealing import PARTY_IDENTIFIER


def summary(row: dict[str, Any], lawbook: LawBook, *, record_number: str = "") -> record_pb2.RecordSummary:
    """A record without its sealed fields."""
    titles = [item for item in lawbook.items if item.code == row["item_code"]]
    ended_at = datetime.fromisoformat(row["ended_at"]) if row.get("ended_at") else None
    ends_before = datetime.fromisoformat(row["ends_before"]) if row["ends_before"] else None
    severity = row["severity"]
    reason = row.get("end_reason")
    return record_pb2.RecordSummary(
        record_id=str(row["record_id"]),
        item_code=row["item_code"],
        item_title=titles[-1].title if titles else "",
        provider=row["provider"],
        determining_authority=row["determining_authority"],
        severity=common_pb2.Severity.Value(f"SEVERITY_{severity.upper()}") if severity else 0,  # type: ignore[arg-type]
        determined_on=row["determined_on"],
        earliest_repair_on=row["earliest_repair_on"] or "",
        ends_before=iso(day_of(ends_before)) if ends_before else "",
        ended_at=timestamp(ended_at),
        end_reason=record_pb2.EndReason.Value(f"END_REASON_{reason.upper()}") if reason else 0,  # type: ignore[arg-type]
        version=row["version"],
        unrepairable=titles[-1].unrepairable if titles else False,
        record_number=record_number,
    )


def reported(shown: Shown, lawbook: LawBook) -> sharing_pb2.ReportedRecord:
    """A record with the texts that may be seen."""
    return sharing_pb2.ReportedRecord(
        record=summary(shown.row, lawbook),
        fields=[
            common_pb2.FieldValue(name=name, value=_plain(name, text.reveal())) for name, text in shown.fields.items()
        ],
    )


def _plain(name: str, text: str) -> str:
    """An identifier is stored with its kind; shown is the number."""
    return text.partition(":")[2] if name == PARTY_IDENTIFIER else text
