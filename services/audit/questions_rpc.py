"""QuestionService and MisuseService: messages to domain types and back. No rule stands here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import date, timedelta
from typing import Any

from chengxin.audit.v1 import misuse_pb2, misuse_pb2_grpc, questions_pb2, questions_pb2_grpc
from foundation.personal import Personal
from foundation.reasons import VALUE_REQUIRED
from foundation.refusal import Refused
from foundation.rpc import Call, current
from foundation.rpc.messages import id_from, iso, line_from, lines_from, page_size_from, text_from
from foundation.rpc.mirror import answer, mirrored
from services.audit.domain.detectors import Finding
from services.audit.domain.questions import Question
from services.audit.office.accesses import Accesses
from services.audit.office.misuse import Misuse, Reported
from services.audit.office.proving import Prover
from services.audit.office.questions import Questions
from services.audit.rpc import LARGEST_PAGE, USUAL_PAGE, AuditServicer, access_message, instant

_USUAL_PERIOD = timedelta(days=30)
_SAID, _LINE = 2_000, 100


class QuestionServicer(questions_pb2_grpc.QuestionServiceServicer):
    """Serves auditors."""

    def __init__(self, questions: Questions) -> None:
        self._questions = questions

    async def FindOffHours(self, request: Any, context: Any) -> Any:
        """Officials who look outside office hours."""
        return await self._found(self._questions.off_hours, request)

    async def FindFarAbovePeers(self, request: Any, context: Any) -> Any:
        """Who looks far more often than its peers."""
        return await self._found(self._questions.far_above_peers, request)

    async def FindRepeatedLooks(self, request: Any, context: Any) -> Any:
        """Officials who look at the same party again and again."""
        return await self._found(self._questions.repeated_looks, request)

    async def FindWithoutMatter(self, request: Any, context: Any) -> Any:
        """Looks whose matter is missing, unknown or used too widely."""
        return await self._found(self._questions.without_matter, request)

    async def FindOverdueSteps(self, request: Any, context: Any) -> Any:
        """Steps whose last day is over."""
        return await self._found(self._questions.overdue_steps, request)

    async def CountRefusals(self, request: Any, context: Any) -> Any:
        """Refusals by day, authority and reason."""
        counted, token, receipt = await self._questions.refusals(*await self._asked(request.question))
        counts = [
            questions_pb2.RefusalCount(day=iso(date.fromordinal(-day)), authority=authority, reason=reason, count=count)
            for day, authority, reason, count in counted
        ]
        return _answer(questions_pb2, receipt, counts=counts, next_page_token=token)

    async def CountLooks(self, request: Any, context: Any) -> Any:
        """Looks by authority and hour of the day."""
        counted, token, receipt = await self._questions.hours(*await self._asked(request.question))
        looks = [questions_pb2.LookCount(authority=authority, by_hour=by_hour) for authority, by_hour in counted]
        return _answer(questions_pb2, receipt, looks=looks, next_page_token=token)

    async def ListLooks(self, request: Any, context: Any) -> Any:
        """What an official, an authority or a system looked at."""
        question, call = await self._asked(request.question)
        if not question.authority:
            raise Refused(VALUE_REQUIRED, field="question.authority")
        by = {name: _line(request, name) for name in ("officer", "system")}
        found, token, receipt = await self._questions.looks(question, call, **by)
        return _answer(questions_pb2, receipt, accesses=map(access_message, found), next_page_token=token)

    async def ListArchiveOpenings(self, request: Any, context: Any) -> Any:
        """Openings of the archive."""
        question, call = await self._asked(request.question)
        found, token, receipt = await self._questions.looks(question, call, kind="ArchiveService.")
        return _answer(questions_pb2, receipt, accesses=map(access_message, found), next_page_token=token)

    async def ExportAccesses(self, request: Any, context: Any) -> AsyncGenerator[Any]:
        """The log's entries of a period."""
        codes = request.authorities and lines_from(request.authorities, field="authorities", longest=_LINE)
        asked = questions_pb2.Question(basis=request.basis, page_token=request.after)
        for name in ("from", "to"):
            if request.HasField(name):
                getattr(asked, name).CopyFrom(getattr(request, name))
        question, call = await self._asked(asked)
        pages = self._questions.export(question, call, authorities=[*codes], private=request.private)
        async for shown, after, total, receipt in pages:
            accesses = map(access_message, shown)
            yield _answer(questions_pb2, receipt, accesses=accesses, after=after, total=total)

    async def _found(self, rule: Callable[[Question], Awaitable[list[Finding]]], request: Any) -> Any:
        found, token, receipt = await self._questions.findings(rule, *await self._asked(request.question))
        return _answer(questions_pb2, receipt, findings=map(_finding, found), next_page_token=token)

    async def _asked(self, asked: questions_pb2.Question) -> tuple[Question, Call]:
        """The question, of an auditor's system and official."""
        call = current()
        call.require_role("auditor")
        call.require_officer("auditor")
        async with self._questions.database.transaction() as tx:
            before = instant(asked.to, "question.to") if asked.HasField("to") else tx.now
        begins = getattr(asked, "from")  # a word of Python's, so that it can't be written as an attribute
        return Question(
            since=instant(begins, "question.from") if asked.HasField("from") else before - _USUAL_PERIOD,
            before=before,
            authority=_line(asked, "authority"),
            basis=_line(asked, "basis"),
            most=_most(asked.page_size),
            token=asked.page_token,
        ), call


class ReportingAuditServicer(AuditServicer):
    """AuditService whole: with the method that opens a report of misuse."""

    def __init__(self, accesses: Accesses, prover: Prover, misuse: Misuse) -> None:
        super().__init__(accesses, prover)
        self._misuse = misuse

    async def ReportMisuse(self, request: Any, context: Any) -> Any:
        """Reports an entry: the party that it is about, or an auditor."""
        said = Personal(text_from(request.report, field="report", longest=_SAID))
        return _matter(await self._misuse.report(current(), request.source, request.entry_id, said))


class MisuseServicer(misuse_pb2_grpc.MisuseServiceServicer):
    """Serves auditors, and parties their own reports."""

    def __init__(self, misuse: Misuse) -> None:
        self._misuse = misuse

    async def ListMisuse(self, request: Any, context: Any) -> Any:
        """Reports without texts."""
        after = str(id_from(request.page_token)) if request.page_token else ""
        asked: dict[str, Any] = {"open_only": request.open_only, "after": after, "most": _most(request.page_size)}
        rows, token, receipt = await self._misuse.page(current(), **asked)
        return _answer(misuse_pb2, receipt, matters=map(_standing, rows), next_page_token=token)

    async def GetMisuse(self, request: Any, context: Any) -> Any:
        """One report."""
        return _matter(await self._misuse.get(current(), id_from(request.matter_id)))

    async def TakeUpMisuse(self, request: Any, context: Any) -> Any:
        """An auditor takes a report up."""
        return await self._taken(request, "taken_up", "note")

    async def DecideMisuse(self, request: Any, context: Any) -> Any:
        """Another auditor decides it."""
        return await self._taken(request, "decided", "reasons", upheld=request.upheld)

    async def AnswerMisuse(self, request: Any, context: Any) -> Any:
        """The reporter is answered."""
        return await self._taken(request, "answered", "answer")

    async def _taken(self, request: Any, state: str, field: str, **more: Any) -> Any:
        said = Personal(text_from(getattr(request, field), field=field, longest=_SAID))
        return _matter(await self._misuse.step(current(), id_from(request.matter_id), state, said, **more))


def _matter(reported: Reported) -> Any:
    """A report with its steps."""
    row, steps, receipt = reported
    matter = _standing(row)
    for step, officer, said in steps:
        words = {"officer": officer.reveal(), "text": said.reveal()}
        shown = mirrored(misuse_pb2.MisuseStep, step, upheld=bool(step.upheld), **words)
        matter.steps.append(shown)
    return _answer(misuse_pb2, receipt, matter=matter)


def _standing(row: Any) -> misuse_pb2.MisuseMatter:
    return mirrored(misuse_pb2.MisuseMatter, row, without=("steps",))


def _finding(finding: Finding) -> questions_pb2.Finding:
    own = {name: getattr(finding, name) for name in ("detector", "officer", "threshold", "because_en", "because_zh")}
    refs = [ref.split("/") for ref in finding.group.refs]
    entries = [questions_pb2.EntryName(source=source, entry_id=int(entry)) for source, _, entry in refs]
    return mirrored(questions_pb2.Finding, finding.group, entries=entries, **own)


def _line(message: Any, name: str) -> str:
    value = getattr(message, name)
    return line_from(value, field=name, longest=_LINE) if value else ""


def _most(page_size: int) -> int:
    return page_size_from(page_size, usual=USUAL_PAGE, largest=LARGEST_PAGE)


def _answer(messages: Any, receipt: Any, **shown: Any) -> Any:
    """The response of the method being served."""
    make = getattr(messages, f"{current().method.partition('.')[2]}Response")
    return answer(make, receipt=receipt, **shown)
