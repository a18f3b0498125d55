"""SharingService: the right to read."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

from chengxin.catalog.v1 import record_pb2, sharing_pb2, sharing_pb2_grpc
from chengxin.common.v1 import common_pb2
from foundation.calendar import day_of
from foundation.identity import Identifier, fold_name
from foundation.policy import LawBook
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import (
    id_from,
    identifier_from,
    iso,
    line_from,
    receipt_message,
    refusal_message,
    text_from,
    timestamp,
)
from foundation.telemetry import queried
from services.catalog.domain import reasons
from services.catalog.office.sharing import Checked, Context, SharingOffice
from services.catalog.rpc.summaries import reported
from services.catalog.sealing import DOCUMENT_NUMBER, PARTY_IDENTIFIER, PARTY_NAME
from services.catalog.store.answers import Position
from services.catalog.wakeups import Wakeups

MOST = 1000
DOOR_CHECKED = frozenset({"SharingService.CheckSubject", "SharingService.GetCreditReport"})
"""Methods whose door checks the enrolment in the statement that reads."""
_PATIENCE_S, _IMPATIENCE_S = 1.0, 0.03
"""How long the feed waits before it looks again unasked: usually, and after a wake-up that showed nothing yet."""
_LONGEST_TOKEN = 200


class SharingServicer(sharing_pb2_grpc.SharingServiceServicer):
    """Message <-> domain."""

    def __init__(self, office: SharingOffice, lawbook: LawBook, wakeups: Wakeups) -> None:
        self._office = office
        self._lawbook = lawbook
        self._purposes = frozenset(purpose.code for purpose in lawbook.purposes)
        self._wakeups = wakeups

    async def CheckSubject(
        self, request: sharing_pb2.CheckSubjectRequest, context: Any
    ) -> sharing_pb2.CheckSubjectResponse:
        """Answer about one party."""
        now = datetime.now(UTC)
        asked = _context(request.context)
        party = identifier_from(request.subject, today=day_of(now))
        checked = await self._office.check(asked, party, now=now)
        return sharing_pb2.CheckSubjectResponse(
            found=checked.found, items=_items(checked), receipt=receipt_message(checked.receipt)
        )

    async def CheckSubjects(
        self, request_iterator: AsyncIterator[sharing_pb2.CheckSubjectsRequest], context: Any
    ) -> AsyncGenerator[sharing_pb2.CheckSubjectsResponse]:
        """Answer batches; a member that is malformed hurts no other."""
        async for request in request_iterator:
            if len(request.subjects) > MOST:
                raise Refused(reasons.BATCH_TOO_LARGE, field="subjects")
            now = datetime.now(UTC)
            asked = _context(request.context)
            members = [_party(message, day_of(now), place) for place, message in enumerate(request.subjects)]
            parties = [member for member in members if isinstance(member, Identifier)]
            malformed = [member for member in members if isinstance(member, Refused)]
            if malformed:
                known = asked.purpose in self._purposes  # no entry repeats what is no purpose
                named = asked if known else replace(asked, purpose="")
                await self._office.refuse_members(current().caller, named, malformed)
            answers = iter(await self._office.check_many(asked, parties, now=now) if parties else [])
            yield sharing_pb2.CheckSubjectsResponse(
                answers=[_answer(member if isinstance(member, Refused) else next(answers)) for member in members]
            )

    async def GetCreditReport(
        self, request: sharing_pb2.GetCreditReportRequest, context: Any
    ) -> sharing_pb2.GetCreditReportResponse:
        """Give the records in force with the fields that the grant shows."""
        now = datetime.now(UTC)
        party = identifier_from(request.subject, today=day_of(now))
        shown, receipt = await self._office.report(_context(request.context), party, now=now)
        return sharing_pb2.GetCreditReportResponse(
            records=[reported(record, self._lawbook) for record in shown], receipt=receipt_message(receipt)
        )

    async def WatchChanges(
        self, request: sharing_pb2.WatchChangesRequest, context: Any
    ) -> AsyncGenerator[sharing_pb2.WatchChangesResponse]:
        """Follow the feed; wakes at a commit, and looks again every second in any case."""
        asked = _context(request.context)
        epoch = await self._office.epoch()
        position = _position(request.cursor, epoch)
        current().caller.require_role("consumer")
        patience = _PATIENCE_S
        while True:
            seen = self._wakeups.count
            events, upto, receipt = await self._office.changes(asked, position)
            moved, position = upto != position, upto
            if events or (moved and request.until_caught_up):
                yield sharing_pb2.WatchChangesResponse(
                    changes=[_change(event) for event in events],
                    cursor=_cursor(position, epoch),
                    receipt=receipt_message(receipt) if receipt else None,
                )
            if not moved:
                if request.until_caught_up:
                    return
                await self._wakeups.wait(seen, at_most=patience)
                # An event is readable only when older transactions have ended too, shortly after its own wake-up.
                woken = self._wakeups.count != seen
                patience = _IMPATIENCE_S if woken else min(2 * patience, _PATIENCE_S)

    async def AcknowledgeWithdrawal(
        self, request: sharing_pb2.AcknowledgeWithdrawalRequest, context: Any
    ) -> sharing_pb2.AcknowledgeWithdrawalResponse:
        """Record a deletion."""
        call = current()
        call.require_role("consumer")
        at, receipt = await self._office.acknowledge(call.caller, id_from(request.record_id))
        return sharing_pb2.AcknowledgeWithdrawalResponse(
            acknowledged_at=timestamp(at), receipt=receipt_message(receipt)
        )

    async def ListOwnRecords(
        self, request: sharing_pb2.ListOwnRecordsRequest, context: Any
    ) -> sharing_pb2.ListOwnRecordsResponse:
        """Give the asking party what is held about it."""
        call = current()
        shown, receipt = await self._office.own_records(call.caller, call.require_person(), queried(uuid4()))
        return sharing_pb2.ListOwnRecordsResponse(
            records=[reported(record, self._lawbook) for record in shown], receipt=receipt_message(receipt)
        )

    async def GetWithdrawalCertificate(
        self, request: sharing_pb2.GetWithdrawalCertificateRequest, context: Any
    ) -> sharing_pb2.GetWithdrawalCertificateResponse:
        """Give the certificate to the party or to who answers for the record."""
        call = current()
        person = call.require_person() if call.person else None
        text, receivers, receipt = await self._office.certificate(
            call.caller, person, id_from(request.record_id), queried(uuid4())
        )
        return sharing_pb2.GetWithdrawalCertificateResponse(
            text=text,
            receivers=[
                sharing_pb2.Receiver(authority=receiver.authority, acknowledged_at=timestamp(receiver.acknowledged_at))
                for receiver in receivers
            ],
            receipt=receipt_message(receipt),
        )

    async def ListPublicRecords(
        self, request: sharing_pb2.ListPublicRecordsRequest, context: Any
    ) -> sharing_pb2.ListPublicRecordsResponse:
        """Give a page of what the law publishes."""
        size = request.page_size or 50
        if not 1 <= size <= 100:
            raise Refused(VALUE_INVALID, field="page_size", detail="1 to 100.")
        before, after = _page(request.page_token)
        code = text_from(request.item_code, field="item_code", longest=100) if request.item_code else ""
        if request.name:
            name = line_from(request.name, field="name", longest=200)
            if not fold_name(name):
                raise Refused(VALUE_INVALID, field="name", detail="It has no letter.")
            page, more = await self._office.published_named(name, item_code=code, before=before, after=after, most=size)
        else:
            shown = await self._office.published(item_code=code, before=before, after=after, most=size + 1)
            page, more = shown[:size], shown[size - 1].row if len(shown) > size else None
        titles = {item.code: item.title for item in self._lawbook.items}
        return sharing_pb2.ListPublicRecordsResponse(
            records=[
                sharing_pb2.PublicRecord(
                    item_code=record.row["item_code"],
                    item_title=titles.get(record.row["item_code"], ""),
                    name=record.fields[PARTY_NAME].reveal(),
                    identifier=record.fields[PARTY_IDENTIFIER].reveal(),
                    document_number=record.fields[DOCUMENT_NUMBER].reveal(),
                    determining_authority=record.row["determining_authority"],
                    determined_on=iso(record.row["determined_on"]),
                    ends_before=iso(day_of(ends)) if (ends := record.row["ends_before"]) else "",
                )
                for record in page
            ],
            next_page_token=_page_token(more) if more else "",
        )


def _context(message: sharing_pb2.QueryContext) -> Context:
    call = current()
    try:
        query_id = UUID(message.query_id) if message.query_id else uuid4()
    except ValueError as error:
        raise Refused(VALUE_INVALID, field="context.query_id", detail="A UUID.") from error
    return Context(
        fingerprint=call.caller.fingerprint,
        authority=call.caller.authority,
        kind=call.method,
        purpose=text_from(message.purpose, field="context.purpose", longest=100),
        matter=text_from(message.matter, field="context.matter", longest=100),
        officer=text_from(message.officer, field="context.officer", longest=100),
        query_id=queried(query_id),
    )


def _party(message: common_pb2.Identifier, today: date, place: int) -> Identifier | Refused:
    try:
        return identifier_from(message, today=today, field=f"subjects.{place}")
    except Refused as refused:
        return refused


def _answer(result: Checked | Refused) -> sharing_pb2.SubjectAnswer:
    if isinstance(result, Refused):
        return sharing_pb2.SubjectAnswer(refusal=refusal_message(result))
    return sharing_pb2.SubjectAnswer(found=result.found, items=_items(result), receipt=receipt_message(result.receipt))


def _items(checked: Checked) -> list[sharing_pb2.FoundItem]:
    return [sharing_pb2.FoundItem(item_code=code) for code in checked.items]


def _change(event: dict[str, Any]) -> sharing_pb2.Change:
    reason = event["end_reason"]
    return sharing_pb2.Change(
        kind=sharing_pb2.ChangeKind.Value(f"CHANGE_KIND_{event['kind'].upper()}"),  # type: ignore[arg-type]
        record_id=event["record_id"],
        version=event["version"],
        item_code=event["item_code"],
        at=timestamp(datetime.fromisoformat(event["at"])),
        end_reason=record_pb2.EndReason.Value(f"END_REASON_{reason.upper()}") if reason else 0,  # type: ignore[arg-type]
    )


def _cursor(position: Position, epoch: UUID) -> str:
    return _token([str(epoch), position.xid, position.event_id])


def _position(cursor: str, epoch: UUID) -> Position:
    if not cursor:
        return Position()
    try:
        of_epoch, xid, event_id = _read(cursor)
        if of_epoch != str(epoch):
            raise ValueError
        return Position(_number(xid), _number(event_id))
    except (ValueError, TypeError) as error:
        raise Refused(reasons.CURSOR_INVALID, field="cursor") from error


def _page_token(row: dict[str, Any]) -> str:
    return _token([iso(row["determined_on"]), str(row["record_id"])])


def _page(token: str) -> tuple[date | None, UUID | None]:
    if not token:
        return None, None
    try:
        before, after = _read(token)
        return date.fromisoformat(before), UUID(after)
    except (ValueError, TypeError, AttributeError) as error:
        raise Refused(VALUE_INVALID, field="page_token") from error


def _token(parts: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


def _read(token: str) -> Any:
    if len(token) > _LONGEST_TOKEN:
        raise ValueError
    return json.loads(base64.urlsafe_b64decode(token))


def _number(value: object) -> int:
    if not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError
    return value
