"""From a record as a door gives it to its message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.common.v1 import common_pb2
from foundation.calendar import day_of
from foundation.policy import LawBook
from foundation.rpc.messages import iso, timestamp
from foundation.rpc.mirror import mirrored
from services.catalog.sealing import PARTY_IDENTIFIER, Shown


def summary(row: dict[str, Any], lawbook: LawBook, *, record_number: str = "") -> record_pb2.RecordSummary:
    """A record without its sealed fields."""
    titles = [item for item in lawbook.items if item.code == row["item_code"]]
    return mirrored(
        record_pb2.RecordSummary,
        {"end_reason": None, "document_kind": None, **row},
        item_title=titles[-1].title if titles else "",
        ends_before=iso(day_of(datetime.fromisoformat(row["ends_before"]))) if row["ends_before"] else "",
        ended_at=timestamp(datetime.fromisoformat(row["ended_at"])) if row.get("ended_at") else None,
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
