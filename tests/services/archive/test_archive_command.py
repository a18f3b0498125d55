"""`chengxin archive` against a whole house, and what the party sees of it at the gateway."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from chengxin.catalog.v1 import record_pb2, record_pb2_grpc
from chengxin.cli.app import app
from standalone.sample import MARK, SampleParty
from standalone.story.cast import Visitor
from standalone.story.sharing import finding
from tests.support.running_house import RunningHouse


class Desk:
    """The command, as the officials of a house type it."""

    def __init__(self, house: RunningHouse) -> None:
        self.house = house

    def run(self, who: str, *arguments: object) -> Result:
        """Run it with the identity of a department."""
        return CliRunner().invoke(app, ["archive", *map(str, arguments), "--identity", str(self.house.identity(who))])

    def request(self, party: SampleParty, *more: object, basis: str = "audit") -> str:
        """Apply, as an auditor's official; gives the opening's id."""
        told = self.run(
            "auditor", "request", "--uscc", party.identifier, "--basis", basis, "--number", "样例1号",
            "--reason", MARK, "--sample-official", "审计甲", "--json", *more,
        )  # fmt: skip
        assert told.exit_code == 0, told.output
        return json.loads(told.stdout)["opening_id"]

    def approve(self, opening: str, party: SampleParty, *, official: str = "管理乙") -> Result:
        """Approve, as a steward's official."""
        return self.run("steward", "approve", opening, "--uscc", party.identifier, "--sample-official", official)

    def open(self, opening: str, *more: object) -> Result:
        """Open, as the official who applied."""
        return self.run("auditor", "open", opening, "--sample-official", "审计甲", *more)


@pytest.fixture
def desk(running_house: RunningHouse) -> Desk:
    """The command in the session's house."""
    return Desk(running_house)


def _ended(house: RunningHouse, party: SampleParty, number: str) -> str:
    record_id = finding(house, party, days_ago=120, number=number)
    stub = house.market.stub("catalog", record_pb2_grpc.RecordServiceStub)
    ended = record_pb2.WithdrawRecordRequest(
        record_id=record_id, reason=record_pb2.END_REASON_OBJECTION_UPHELD, matter=MARK
    )
    house.market.ask(stub.WithdrawRecord, ended)
    return record_id


def _seen_by(house: RunningHouse, party: SampleParty) -> list[tuple[str, str, str]]:
    """Kind, purpose and matter of the archive's accesses that the party is shown at the gateway."""
    visitor = Visitor(house.gateway, party)
    visitor.sign_in()
    accesses = visitor.get("/me/accesses")["accesses"]
    visitor.close()
    kinds = ("RequestOpening", "ApproveOpening", "OpenArchive")
    return [
        (kind, one["purpose"], one["matter"])
        for one in accesses
        for kind in kinds
        if one["kind"] == f"ArchiveService.{kind}"
    ]


def test_the_content_goes_into_a_new_file_of_ones_own_or_on_the_terminal_on_purpose(desk: Desk, tmp_path: Path) -> None:
    party = desk.house.repaired[2]
    record_id = _ended(desk.house, party, "9801")
    opening = desk.request(party)
    assert "管理乙" not in desk.open(opening, "--show").output
    refused = desk.open(opening, "--show")
    assert (refused.exit_code, "ARCHIVE_OPENING_STATE" in refused.output) == (1, True)
    assert desk.approve(opening, party, official="审计甲").exit_code == 1
    approved = desk.approve(opening, party)
    assert (approved.exit_code, "审计甲 may open it" in approved.output) == (0, True), approved.output

    out = tmp_path / "opened.json"
    kept = desk.open(opening, "--out", out)
    assert kept.exit_code == 0, kept.output
    assert party.name not in kept.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    [record] = json.loads(out.read_text())["records"]
    assert record["record"]["record_id"] == record_id
    assert party.name in {one["value"] for one in record["fields"]}
    again = desk.open(opening, "--out", out)
    assert (again.exit_code, "nothing was opened" in again.output) == (2, True)
    unsaid = desk.open(opening)
    assert (unsaid.exit_code, "--out FILE or --show" in unsaid.output) == (2, True)
    shown = desk.open(opening, "--show")
    assert party.name in shown.output

    entries = _seen_by(desk.house, party)
    assert {kind for kind, *_ in entries} == {"RequestOpening", "ApproveOpening", "OpenArchive"}
    assert {(purpose, matter) for _, purpose, matter in entries} == {("archive.audit", "样例1号")}


def test_a_refused_opening_leaves_no_file(desk: Desk, tmp_path: Path) -> None:
    opening = desk.request(desk.house.repaired[2])
    out = tmp_path / "never.json"
    assert desk.open(opening, "--out", out).exit_code == 1
    assert not out.exists()


def test_the_list_says_who_applied_and_approved_on_what(desk: Desk) -> None:
    opening = desk.request(desk.house.repaired[3])
    table = desk.run("steward", "list")
    assert (table.exit_code, opening in table.output, "样例1号" in table.output) == (0, True, True)
    listed = json.loads(desk.run("auditor", "list", "--json").stdout)
    assert listed[0]["opening_id"] == opening
    assert "approved_by" not in listed[0]
    refused = desk.run("consumer", "list")
    assert (refused.exit_code, "ROLE_REQUIRED" in refused.output) == (1, True)


def test_what_a_court_ordered_is_shown_to_the_party_when_its_delay_is_over(desk: Desk) -> None:
    party = desk.house.repaired[4]
    opening = desk.request(party, "--delay", "2", basis="court_order")
    assert desk.approve(opening, party).exit_code == 0
    assert desk.open(opening, "--show").exit_code == 0
    assert _seen_by(desk.house, party) == []
    desk.house.let_pass(days=2)
    assert {purpose for _, purpose, _ in _seen_by(desk.house, party)} == {"archive.court_order"}
