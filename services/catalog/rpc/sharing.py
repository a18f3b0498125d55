"""SharingService: the right to read."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from chengxin.catalog.v1 import sharing_pb2 as pb
from chengxin.catalog.v1 import sharing_pb2_grpc
from chengxin.common.v1 import common_pb2
from foundation.calendar import day_of
from foundation.identity import Identifier
from foundation.personal import Personal
from foundation.policy import LawBook
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import id_from, identifier_from, iso, page_size_from, refusal_message, text_from, timestamp
from foundation.rpc.mirror import answer, mirrored
from foundation.telemetry import queried
from services.catalog.domain import reasons
from services.catalog.office.reading import ReadingOffice
from services.catalog.office.sharing import SOURCE, Checked, Context, SharingOffice
from services.catalog.rpc import public_list
from services.catalog.rpc.summaries import reported
from services.catalog.store.answers import Position
from services.catalog.wakeups import Wakeups

MOST = 1000
DOOR_CHECKED = frozenset({"SharingService.CheckSubject", "SharingService.GetCreditReport"})
"""Methods whose door checks the enrolment in the statement that reads."""
_PATIENCE_S = 1.0
"""How long a reader of the feed waits before it looks again unasked."""
_LONGEST_TOKEN = 200


class SharingServicer(sharing_pb2_grpc.SharingServiceServicer):
    """Message <-> domain."""

    def __init__(self, office: SharingOffice, reading: ReadingOffice, lawbook: LawBook, wakeups: Wakeups) -> None:
        self._office = office
        self._reading = reading
        self._lawbook = lawbook
        self._purposes = frozenset(purpose.code for purpose in lawbook.purposes)
        self._wakeups = wakeups

    async def CheckSubject(self, request: pb.CheckSubjectRequest, context: Any) -> pb.CheckSubjectResponse:
        """Answer about one party."""
        now = datetime.now(UTC)
        asked = _context(request.context)
        party = identifier_from(request.subject, today=day_of(now))
        checked, response = await self._office.check(asked, party, now=now), pb.CheckSubjectResponse()
        _show(checked, response)
        return response

    async def CheckSubjects(
        self, request_iterator: AsyncIterator[pb.CheckSubjectsRequest], context: Any
    ) -> AsyncGenerator[pb.CheckSubjectsResponse]:
        """Answer batches; a member that is malformed hurts no other."""
        async for request in request_iterator:
            if len(request.subjects) > MOST:
                raise Refused(reasons.BATCH_TOO_LARGE, field="subjects")
            now = datetime.now(UTC)
            asked = _context(request.context)
            today = day_of(now)
            members = [_party(message, today, place) for place, message in enumerate(request.subjects)]
            parties = [member for member in members if isinstance(member, Identifier)]
            malformed = [member for member in members if isinstance(member, Refused)]
            if malformed:
                known = asked.purpose in self._purposes  # no entry repeats what is no purpose
                named = asked if known else asked._replace(purpose="")
                await self._office.refuse_members(current().caller, named, malformed)
            yield _answers(members, await self._office.check_many(asked, parties, now=now) if parties else [])

    async def GetCreditReport(self, request: pb.GetCreditReportRequest, context: Any) -> pb.GetCreditReportResponse:
        """Give the records in force with the fields that the grant shows."""
        now = datetime.now(UTC)
        party = identifier_from(request.subject, today=day_of(now))
        shown, receipt = await self._office.report(_context(request.context), party, now=now)
        records = [reported(record, self._lawbook) for record in shown]
        return answer(pb.GetCreditReportResponse, records=records, receipt=receipt)

    async def WatchChanges(
        self, request: pb.WatchChangesRequest, context: Any
    ) -> AsyncGenerator[pb.WatchChangesResponse]:
        """Follow the feed; wakes when a commit can be read, and looks again every second in any case."""
        asked = _context(request.context)
        epoch = await self._office.epoch()
        position = _position(request.cursor, epoch)
        current().caller.require_role("consumer")
        while True:
            seen = self._wakeups.count
            events, upto, receipt = await self._office.changes(asked, position)
            moved, position = upto != position, upto
            if events or (moved and request.until_caught_up):
                changes, cursor = [_change(event) for event in events], _cursor(position, epoch)
                yield answer(pb.WatchChangesResponse, changes=changes, cursor=cursor, receipt=receipt)
            if not moved:
                if request.until_caught_up:
                    return
                await self._wakeups.wait(seen, at_most=_PATIENCE_S)

    async def AcknowledgeWithdrawal(
        self, request: pb.AcknowledgeWithdrawalRequest, context: Any
    ) -> pb.AcknowledgeWithdrawalResponse:
        """Record a deletion."""
        call = current()
        call.require_role("consumer")
        at, receipt = await self._office.acknowledge(call.caller, id_from(request.record_id))
        return answer(pb.AcknowledgeWithdrawalResponse, acknowledged_at=at, receipt=receipt)

    async def ListOwnRecords(self, request: pb.ListOwnRecordsRequest, context: Any) -> pb.ListOwnRecordsResponse:
        """Give the asking party what is held about it."""
        call = current()
        shown, receipt = await self._reading.own_records(call.caller, call.require_person(), queried(uuid4()))
        records = [reported(record, self._lawbook) for record in shown]
        return answer(pb.ListOwnRecordsResponse, records=records, receipt=receipt)

    async def GetWithdrawalCertificate(
        self, request: pb.GetWithdrawalCertificateRequest, context: Any
    ) -> pb.GetWithdrawalCertificateResponse:
        """Give the certificate to the party or to who answers for the record."""
        call = current()
        person = call.require_person() if call.person else None
        text, receivers, receipt = await self._reading.certificate(
            call.caller, person, id_from(request.record_id), queried(uuid4())
        )
        return answer(pb.GetWithdrawalCertificateResponse, text=text, receivers=receivers, receipt=receipt)

    async def ListPublicRecords(
        self, request: pb.ListPublicRecordsRequest, context: Any
    ) -> pb.ListPublicRecordsResponse:
        """Give a page of what the law publishes."""
        size = page_size_from(request.page_size, usual=50, largest=100)
        before, after = _page(request.page_token)
        code = text_from(request.item_code, field="item_code", longest=100) if request.item_code else ""
        wanted, organisation = public_list.wanted(request), public_list.organisation(request)
        if request.name:
            name = public_list.name(request)
            page, more = await self._reading.published_named(
                name, wanted, item_code=code, before=before, after=after, most=size
            )
        else:
            shown = await self._reading.published(
                wanted, organisation, item_code=code, before=before, after=after, most=size + 1
            )
            page, more = shown[:size], shown[size - 1].row if len(shown) > size else None
        titles = {item.code: item.title for item in self._lawbook.items}
        records = [public_list.shown(record, titles) for record in page]
        return answer(pb.ListPublicRecordsResponse, records=records, next_page_token=_page_token(more) if more else "")


def _context(message: pb.QueryContext) -> Context:
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
        matter=Personal(text_from(message.matter, field="context.matter", longest=100)),
        officer=Personal(text_from(message.officer, field="context.officer", longest=100)),
        query_id=queried(query_id),
    )


def _party(message: common_pb2.Identifier, today: date, place: int) -> Identifier | Refused:
    try:
        return identifier_from(message, today=today, field=f"subjects.{place}")
    except Refused as refused:
        return refused


def _answers(members: Sequence[Identifier | Refused], checked: Sequence[Checked] | Refused) -> pb.CheckSubjectsResponse:
    """The answers in the order of the members, those among them that are malformed refused."""
    response = pb.CheckSubjectsResponse()
    add, rest = response.answers.add, iter(() if isinstance(checked, Refused) else checked)
    for member in members:
        refused = member if isinstance(member, Refused) else checked
        if isinstance(refused, Refused):
            add(refusal=refusal_message(refused))
        else:
            _show(next(rest), add())
    return response


_at = lru_cache(16)(timestamp)  # the answers of a batch have one instant


def _show(checked: Checked, answer: pb.CheckSubjectResponse | pb.SubjectAnswer) -> None:
    """Put together by hand: a batch has a thousand, and a message made from its fields takes ten times as long."""
    if checked.found:
        answer.found = True
        for code in checked.items:
            answer.items.add(item_code=code)
    receipt = answer.receipt
    receipt.source = SOURCE
    receipt.entry_id = checked.entry_id
    receipt.digest = checked.digest
    receipt.as_of.CopyFrom(_at(checked.as_of))


def _change(event: dict[str, Any]) -> pb.Change:
    return mirrored(pb.Change, event, at=timestamp(datetime.fromisoformat(event["at"])))


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
