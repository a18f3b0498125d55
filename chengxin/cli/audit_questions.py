"""`chengxin audit ask` and `chengxin audit misuse`: the auditor's questions, and reports of misuse."""

from __future__ import annotations

import enum
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import typer
from google.protobuf.json_format import MessageToDict

from chengxin.audit.v1 import misuse_pb2, questions_pb2
from chengxin.audit.v1.audit_pb2 import SearchAccessesRequest
from chengxin.cli import options
from chengxin.cli.command import Group, command
from chengxin.cli.officials import Official
from chengxin.cli.output import Failed, print_json, print_table
from chengxin.client.requests import identifier_message

COLUMNS = {
    "findings": "count detector authority officer matter because_en because_zh",
    "counts": "day authority reason count",
    "looks": "authority by_hour",
    "accesses": "at authority officer matter purpose kind decision reason source entry_id",
    "matters": "matter_id state due_on overdue authority source entry_id",
    "steps": "state at officer due_on upheld text",
}
STEPS = {
    "take-up": ("TakeUpMisuse", "note"),
    "uphold": ("DecideMisuse", "reasons"),
    "dismiss": ("DecideMisuse", "reasons"),
    "answer": ("AnswerMisuse", "answer"),
}
FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="Show at most this many.")]


class Question(enum.Enum):
    """What an auditor can ask: the method, and how it is called on the command line."""

    FindOffHours = "off-hours"
    FindFarAbovePeers = "above-peers"
    FindRepeatedLooks = "repeated"
    FindWithoutMatter = "matters"
    FindOverdueSteps = "overdue"
    CountRefusals = "refusals"
    CountLooks = "hours"
    ListArchiveOpenings = "openings"
    ListLooks = "looks"
    SearchAccesses = "subject"


@dataclass(kw_only=True)
class Period(Group):
    """What an auditor asks about, and for which audit."""

    since: Annotated[
        datetime | None, typer.Option("--from", formats=FORMATS, help="From when on, UTC; else 30 days before --to.")
    ] = None
    before: Annotated[datetime | None, typer.Option("--to", formats=FORMATS, help="Before when, UTC; else now.")] = None
    basis: Annotated[str, typer.Option(metavar="NUMBER", help="Number of the audit that this serves.")]

    def asked(self) -> dict[str, Any]:
        """The same as members of a request."""
        return {"from": self.since, "to": self.before, "basis": self.basis}


@command
def ask(
    *,
    question: Annotated[Question, typer.Argument(show_choices=True)],
    period: Period,
    authority: Annotated[str, typer.Option(metavar="USCC", help="Only this authority.")] = "",
    officer: Annotated[str, typer.Option(metavar="NAME", help="With looks: only this official of it.")] = "",
    system: Annotated[str, typer.Option(metavar="NAME", help="With looks: only this system of it.")] = "",
    number: options.Number,
    limit: Limit = 100,
    official: Official,
) -> None:
    """Ask who looked, and what needs looking into.

    [bold]Questions[/bold]

        looks        what an authority (--authority), its official or its system looked at
        subject      who looked at one party: --uscc, --file, or its number on standard input or at the prompt
        off-hours    officials who look outside office hours
        above-peers  authorities and officials who look far more often than their peers
        repeated     officials who look at the same party again and again
        matters      looks whose matter is missing, unknown, or used for very many parties
        refusals     refusals by day, authority and reason
        hours        looks by authority and hour of the day, from midnight on, Asia/Shanghai
        openings     openings of the archive, also those that the party does not see yet
        overdue      statutory steps, acknowledgements and reports of misuse whose last day is over

    It needs an identity enrolled with the role auditor, and an official's assertion with that role. A finding says
    what to look into and proves nothing: rules and thresholds stand in docs/auditing.md. Each question is journalled;
    a party sees that you asked about it.

    [bold]Examples[/bold]

        chengxin audit ask off-hours --from 2026-06-01 --to 2026-07-01 --basis "audit 2026-7" --assertion me.jwt
        chengxin audit ask looks --authority USCC --officer desk-7 --basis "audit 2026-7" --assertion me.jwt --json
        chengxin audit ask subject --kind resident-id --basis "audit 2026-7" --assertion me.jwt
    """
    common: dict[str, Any] = {"authority": authority, **period.asked()}
    if question is Question.SearchAccesses:
        about = identifier_message(number.one("The question"))
        request: Any = SearchAccessesRequest(subject=about, page_size=min(limit, 1_000), **common)
        paged = None
    else:
        more = {"officer": officer, "system": system} if question is Question.ListLooks else {}
        request = getattr(questions_pb2, f"{question.name}Request")(question=questions_pb2.Question(**common), **more)
        paged = request.question
    _tell(official, request, limit=limit, paged=paged)


@command
def misuse(
    *,
    step: Annotated[Literal["list", "show", "report", "take-up", "uphold", "dismiss", "answer"], typer.Argument()],
    matter: Annotated[
        str, typer.Argument(help="The matter's id; with report: SOURCE/ENTRY as a finding names it.")
    ] = "",
    text: Annotated[str, typer.Option(help="What is said; - reads standard input.")] = "",
    open_only: Annotated[bool, typer.Option("--open", help="With list: only those not yet answered.")] = False,
    limit: Limit = 100,
    official: Official,
) -> None:
    """Follow reports of misuse to their end. Parties report at the counter, from their own list of accesses.

    [bold]Steps[/bold]

        list      the reports without their texts, and which are overdue
        show      one report with its texts; the party that made it sees that you looked
        report    report an entry out of a finding: SOURCE/ENTRY
        take-up   examine it: say how
        uphold    decide that it was misuse: an auditor who neither reported it nor took it up
        dismiss   decide that it was none: the same
        answer    answer the reporter, which ends the matter

    [bold]Examples[/bold]

        chengxin audit misuse list --open --assertion me.jwt
        chengxin audit misuse report catalog/4711 --text "no such application" --assertion me.jwt
        chengxin audit misuse uphold MATTER --text - --assertion me.jwt < reasons.txt
    """
    said = sys.stdin.read().strip() if text == "-" else text
    if step == "list":
        rpc, asked = "ListMisuse", {"open_only": open_only}
    elif step == "show":
        rpc, asked = "GetMisuse", {"matter_id": matter}
    elif step == "report":
        source, _, entry = matter.partition("/")
        if not entry.isdecimal():
            raise Failed("An entry is named SOURCE/ENTRY.", "Take it from a finding, as in catalog/4711.")
        rpc, asked = "ReportMisuse", {"source": source, "entry_id": int(entry), "report": said}
    else:
        rpc, field = STEPS[step]
        asked = {"matter_id": matter, field: said} | ({"upheld": True} if step == "uphold" else {})
    request = getattr(misuse_pb2, f"{rpc}Request")(**asked)
    _tell(official, request, limit=limit, paged=request if step == "list" else None)


def _tell(official: Official, request: Any, *, limit: int, paged: Any) -> None:
    """Ask, where `paged` page by page until `limit` is reached, and print what came."""
    desk = official.at("audit", "auditor")
    shown: dict[str, Any] = {}
    more = "first"
    while more and limit > 0:
        if paged is not None:
            paged.page_size = min(1_000, limit)
            limit -= paged.page_size
        answer = desk.ask(request)
        for name, value in whole(answer).items():
            shown[name] = shown.get(name, []) + value if isinstance(value, list) else value
        more = getattr(answer, "next_page_token", "")
        if paged is not None:
            paged.page_token = more
    if official.as_json:
        print_json(shown)
        return
    if matter := shown.get("matter"):
        shown |= {"matters": [matter], "steps": matter["steps"]}
    tables = [name for name in COLUMNS if shown.get(name)]
    for name in tables:
        columns = [column for column in COLUMNS[name].split() if any(row.get(column) for row in shown[name])]
        rows = ([_cell(row.get(column, "")) for column in columns] for row in shown[name])
        print_table(columns, rows)
    if more or not tables:
        typer.echo("There is more: raise --limit." if more else "Nothing of that kind; that you asked is journalled.")


def _cell(value: Any) -> str:
    return " ".join(value) if isinstance(value, list) else str(value).removeprefix("MISUSE_STATE_")


def whole(message: Any) -> dict[str, Any]:
    """A message as JSON, with fields that are empty."""
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
