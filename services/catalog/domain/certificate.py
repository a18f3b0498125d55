"""The withdrawal certificate: that sharing ended, when and why, who had received it and who has deleted it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from foundation.calendar import SHANGHAI

_WHY = {
    "repaired": "信用修复 / credit repaired",
    "expired": "公示共享期限届满 / period over",
    "objection_upheld": "异议成立 / objection upheld",
    "document_revoked": "认定文书被撤销 / document revoked",
    "repealed": "目录项目废止 / catalog item repealed",
    "listing_closed": "移出名单 / listing closed",
}


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
    *,
    record_id: UUID,
    item_code: str,
    determining_authority: str,
    ended_at: datetime,
    end_reason: str,
    receivers: Sequence[Receiver],
    issued_at: datetime,
    deployment: str,
) -> str:
    """The text of the certificate, Chinese first; it names no party, so that showing it discloses nothing more.

    Source: docs/architecture.md, The end of sharing.
    """
    lines = [
        "信用信息终止共享证明",
        "Certificate of withdrawal of public credit information",
        f"系统 / system: {deployment}",
        f"记录 / record: {record_id}",
        f"目录项目 / catalog item: {item_code}",
        f"认定单位 / determining authority: {determining_authority}",
        f"终止共享时间 / sharing ended: {_local(ended_at)}",
        f"原因 / reason: {_WHY[end_reason]}",
        f"曾接收单位数 / receivers: {len(receivers)}",
    ]
    for receiver in receivers:
        state = (
            f"已确认删除 / deletion acknowledged {_local(receiver.acknowledged_at)}"
            if receiver.acknowledged_at
            else "尚未确认删除 / not yet acknowledged"
        )
        lines.append(f"- {receiver.authority}: {state}")
    lines.append(f"签发时间 / issued: {_local(issued_at)}")
    return "\n".join(lines) + "\n"


def _local(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).isoformat(timespec="seconds")
