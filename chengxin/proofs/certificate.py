"""Withdrawal certificates: a party's proof that sharing of a record ended, and what each receiver did.

The catalog writes one as a signed note of a fixed form, Chinese first, so that people and programs read the
same text. Source: docs/architecture.md, The end of sharing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chengxin.proofs import note
from chengxin.proofs.error import ProofError

_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\+08:00"
_FORM = re.compile(
    r"信用信息终止共享证明\n"
    r"Certificate of withdrawal of public credit information\n"
    r"系统 / system: (?P<system>[^\n]+)\n"
    r"记录 / record: (?P<record_id>[0-9a-f-]{36})\n"
    r"目录项目 / catalog item: (?P<item_code>[^\n]+)\n"
    r"认定单位 / determining authority: (?P<determining_authority>[^\n]+)\n"
    rf"终止共享时间 / sharing ended: (?P<ended_at>{_TIME})\n"
    r"原因 / reason: (?P<reason>[^\n]+)\n"
    r"曾接收单位数 / receivers: (?P<count>0|[1-9][0-9]{0,5})\n"
    r"(?P<lines>(?:- [^\n]+\n)*)"
    rf"签发时间 / issued: (?P<issued_at>{_TIME})\n",
    re.ASCII,
)
_RECEIVER = re.compile(
    rf"- ([^\n:]+): (?:尚未确认删除 / not yet acknowledged|已确认删除 / deletion acknowledged ({_TIME}))", re.ASCII
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """An authority that had received the record, and when it acknowledged deletion; None while it has not."""

    authority: str
    acknowledged_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawalCertificate:
    """What a certificate says. Instants are aware, to the second; `reason` is in Chinese and English."""

    system: str
    record_id: str
    item_code: str
    determining_authority: str
    ended_at: datetime
    reason: str
    receivers: tuple[Receiver, ...]
    issued_at: datetime


def verify_certificate(text: str, vkey: str) -> WithdrawalCertificate:
    """Return what the certificate says. Raises ProofError unless the signer that `vkey` names issued it."""
    form = _FORM.fullmatch(note.verify(text, [vkey]).text)
    if form is None:
        raise ProofError("not a withdrawal certificate")
    said: dict[str, Any] = form.groupdict()
    receivers = tuple(_receiver(line) for line in said.pop("lines").split("\n")[:-1])
    if len(receivers) != int(said.pop("count")):
        raise ProofError("the certificate names another number of receivers")
    instants = {name: _instant(said.pop(name)) for name in ("ended_at", "issued_at")}
    return WithdrawalCertificate(receivers=receivers, **instants, **said)


def _receiver(line: str) -> Receiver:
    match = _RECEIVER.fullmatch(line)
    if match is None:
        raise ProofError("not a receiver of a withdrawal certificate")
    authority, acknowledged_at = match.groups()
    return Receiver(authority=authority, acknowledged_at=_instant(acknowledged_at) if acknowledged_at else None)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ProofError("no such instant") from None
