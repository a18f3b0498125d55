"""Scene of the auditor: searches, verifies the whole log and a receipt offline; a tampered copy fails."""

from __future__ import annotations

import base64
import re

import psycopg
from psycopg import sql

from chengxin.audit.v1 import audit_pb2
from chengxin.audit.v1.audit_pb2_grpc import AuditServiceStub
from chengxin.proofs import ProofError, verify_receipt
from chengxin.proofs.walk import over_http, walk
from standalone.ports import OFFICES
from standalone.sample import MARK
from standalone.story.sharing import MATTER, OFFICER
from standalone.story.stage import TENDER, Stage, came_true


def audit(stage: Stage) -> None:
    """The auditor proves that nothing was altered, with nothing but the log and a receipt."""
    say = stage.narrator.say
    stage.narrator.scene("审计", "Audit: the whole log and a receipt verified offline; a tampered copy fails")
    searched = stage.auditor.ask(
        stage.auditor.stub("audit", AuditServiceStub).SearchAccesses,
        audit_pb2.SearchAccessesRequest(decision="refused", basis=f"{MARK}审计-1", page_size=1000),
    )
    reasons = sorted({access.reason for access in searched.accesses})
    say(f"refused attempts on record: {len(searched.accesses)} ({', '.join(reasons)})")
    doors = stage.house.data.doors()
    answer = stage.procurement.client.check(
        uscc=stage.listed.identifier, purpose=TENDER, matter=MATTER, officer=OFFICER
    )
    stage.report.queries += 1
    receipt = stage.procurement.client.receipt(answer)
    receipt.verify(doors["log_vkey"])
    say(f"the receipt of 财政's last question verifies offline: entry {receipt.journal.entry_id} is in the log")
    tampered = _tampered(receipt.text)
    try:
        verify_receipt(tampered, doors["log_vkey"])
    except ProofError as error:
        stage.report.tampering_found = True
        say(f"a copy with one bit changed does not: {error}")
    stage.report.journal_entries = _entries(stage)
    door, vkey, size = over_http(doors["log_url"]), doors["log_vkey"], stage.report.journal_entries
    came_true(lambda: walk(door, vkey=vkey).head.size >= size, every=0.2)
    walked = walk(door, vkey=vkey)
    stage.report.log_size = walked.head.size
    stage.report.log_verified = walked.signed
    say(f"{walked.tiles} tiles of the log fit its signed checkpoint: {walked.head.size:,} entries, none altered")


def _tampered(receipt: str) -> str:
    """The receipt with one bit of its proof changed."""
    place = next(re.finditer(r"^[A-Za-z0-9+/]{43}=$", receipt, re.MULTILINE))
    content = bytearray(base64.b64decode(place[0]))
    content[7] ^= 1
    return receipt[: place.start()] + base64.b64encode(content).decode() + receipt[place.end() :]


def _entries(stage: Stage) -> int:
    """How many entries the four journals hold."""
    journals = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT 1 FROM {}").format(sql.Identifier(office, "journal")) for office in OFFICES
    )
    with psycopg.connect(stage.house.engines.admin_dsn) as connection:
        row = connection.execute(sql.SQL("SELECT count(*) FROM ({}) AS e").format(journals)).fetchone()
    return row[0] if row else 0
