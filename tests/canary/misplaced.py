"""Personal values where a code, an id or a token belongs: what somebody types into the wrong field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from chengxin.catalog.v1 import record_pb2, record_pb2_grpc, sharing_pb2, sharing_pb2_grpc
from chengxin.common.v1 import common_pb2
from standalone.story.stage import Stage
from tests.canary.planted import Planted

Refused = Callable[[Callable[[], Any]], None]
"""Makes an attempt, which may be refused."""


def misplaced(stage: Stage, planted: Planted, asked: dict[str, str], refused: Refused) -> None:
    """A value where a code, an id or a token belongs; and in each part of a visitor's request."""
    market = stage.market
    sharing = market.stub("catalog", sharing_pb2_grpc.SharingServiceStub)
    records = market.stub("catalog", record_pb2_grpc.RecordServiceStub)
    subject = common_pb2.Identifier(kind=1, value=planted["id of the asked enterprise"])  # type: ignore[arg-type]

    def wrong(what: str) -> str:
        return planted[f"id misplaced as {what}"]

    def context(**changes: str) -> sharing_pb2.QueryContext:
        return sharing_pb2.QueryContext(**{**asked, **changes})

    for method, request in (
        (
            sharing.CheckSubject,
            sharing_pb2.CheckSubjectRequest(context=context(purpose=wrong("purpose")), subject=subject),
        ),
        (
            sharing.CheckSubject,
            sharing_pb2.CheckSubjectRequest(context=context(query_id=wrong("query id")), subject=subject),
        ),
        (
            sharing.GetCreditReport,
            sharing_pb2.GetCreditReportRequest(context=context(purpose=wrong("purpose")), subject=subject),
        ),
        (
            sharing.WatchChanges,
            sharing_pb2.WatchChangesRequest(context=context(purpose=wrong("purpose")), until_caught_up=True),
        ),
        (sharing.WatchChanges, sharing_pb2.WatchChangesRequest(context=context(), cursor=wrong("cursor"))),
        (
            sharing.ListPublicRecords,
            sharing_pb2.ListPublicRecordsRequest(page_token=wrong("page token"), item_code=wrong("item code")),
        ),
        (
            records.GetRecord,
            record_pb2.GetRecordRequest(record_id=wrong("record id"), matter=planted["matter of a question"]),
        ),
        (
            records.WithdrawRecord,
            record_pb2.WithdrawRecordRequest(
                record_number=wrong("record id"), reason=1, matter=planted["matter of a withdrawal"]
            ),
        ),
        (
            records.RevokeDocument,
            record_pb2.RevokeDocumentRequest(
                document_number=wrong("record id"), reason=planted["text in a wrong place"]
            ),
        ),
    ):
        refused(lambda method=method, request=request: _whole(market.ask(method, request)))
    for step, fields in (
        (
            "RequestGrant",
            {"purpose": wrong("purpose"), "item_codes": [wrong("item code")], "days": 1, "justification": "x"},
        ),
        ("ApproveGrant", {"grant_id": wrong("record id")}),
    ):
        refused(
            lambda step=step, fields=fields: market.act(
                "catalog", step, officer=wrong("role"), role="case_officer", **fields
            )
        )
    for step, fields in (
        ("GetCase", {"case_id": wrong("case id")}),
        ("OpenCase", {"scheme_code": wrong("item code"), "cause": "x", "idempotency_key": wrong("idempotency key")}),
        ("MatchStandard", {"case_id": wrong("case id"), "criterion_codes": [wrong("measure")], "reasoning": "x"}),
    ):
        refused(
            lambda step=step, fields=fields: market.act(
                "blacklist", step, officer=wrong("role"), role="case_officer", **fields
            )
        )
    with httpx.Client(base_url=stage.gateway, timeout=10) as rude:
        for path in (
            f"/api/v1/me/records/{wrong('path')}",
            f"/{wrong('path')}",
            f"/api/v1/public/records/{wrong('path')}",
        ):
            rude.get(path, headers={"X-Whatever": wrong("header"), "Cookie": f"chengxin={wrong('header')}"})
        rude.get(
            "/api/v1/public/records", params={"item_code": wrong("query string"), "page_token": wrong("query string")}
        )
        rude.get("/api/v1/public/catalog", params={"on": wrong("query string")})
        rude.get("/api/v1/session/callback", params={"state": wrong("query string"), "code": wrong("query string")})
        rude.post("/dev-idp/officer-assertion", json={"sub": wrong("role"), "authority": 1})
        rude.post("/api/v1/me/applications", content=planted["text in a wrong place"].encode())
        rude.request(wrong("header"), "/api/v1/session")


def _whole(answer: Any) -> Any:
    """All of a stream."""
    return list(answer) if hasattr(answer, "__iter__") else answer
