"""check and report: answers for people and for programs, and numbers that leave no trace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chengxin.catalog.v1 import sharing_pb2
from chengxin.common.v1 import common_pb2
from chengxin.proofs import verify_receipt
from foundation.reasons import ROLE_REQUIRED, UNAVAILABLE
from foundation.refusal import Refused
from tests.unit.cli.conftest import Run
from tests.unit.client.small_house import BEFORE, REFUSED_MEMBER, SmallHouse

WHY = ["--purpose", "tender", "--matter", "T-1", "--officer", "Li"]
USCC = "91430100MA4L1ABC2X"
PERSON = "430102199001011234"


def test_one_organisation_is_asked_about_by_its_public_code(run: Run, house: SmallHouse) -> None:
    house.found[USCC] = ["cn.penalty", "cn.list.tax"]
    done = run("check", "--uscc", USCC, *WHY)
    assert (done.exit_code, done.stdout) == (0, "1\tfound\tcn.penalty, cn.list.tax\n")


def test_an_answer_as_json_names_its_journal_entry(run: Run) -> None:
    done = run("check", "--uscc", USCC, *WHY, "--json")
    told = json.loads(done.stdout)
    assert (told["line"], told["found"], told["items"]) == (1, False, [])
    assert told["receipt"]["source"] == "catalog"
    assert len(bytes.fromhex(told["receipt"]["digest"])) == 32


def test_a_person_is_asked_about_on_standard_input(run: Run, house: SmallHouse) -> None:
    done = run("check", "-", "--kind", "resident-id", *WHY, input=f"{PERSON}\n")
    assert (done.exit_code, done.stdout) == (0, "1\tnothing to share\n")
    asked = house.questions(sharing_pb2.CheckSubjectRequest)[0]
    assert asked.subject == common_pb2.Identifier(kind=common_pb2.IDENTIFIER_KIND_RESIDENT_ID, value=PERSON)


@pytest.mark.parametrize("command", ["check", "report"])
def test_a_number_typed_into_the_command_line_is_not_taken_and_not_repeated(
    run: Run, house: SmallHouse, command: str
) -> None:
    done = run(command, PERSON, *WHY)
    assert done.exit_code == 2
    assert PERSON not in done.output
    assert "history" in done.stderr
    assert not house.seen


def test_many_are_asked_about_in_one_stream_and_answers_name_the_line(
    run: Run, house: SmallHouse, tmp_path: Path
) -> None:
    house.found["B"] = ["cn.penalty"]
    file = tmp_path / "codes.txt"
    file.write_text(f"A\n\nB\n{REFUSED_MEMBER}\n", encoding="utf-8-sig")

    done = run("check", "--file", file, *WHY, "--json")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(line["line"], line.get("found")) for line in lines] == [(1, False), (3, True), (4, None)]
    assert lines[2]["refusal"]["reason"] == "VALUE_INVALID"
    assert done.exit_code == 1
    assert len(house.questions(sharing_pb2.CheckSubjectsRequest)) == 1


def test_many_answers_in_plain_lines(run: Run, house: SmallHouse) -> None:
    done = run("check", *WHY, input=f"A\n{REFUSED_MEMBER}\n")
    assert done.stdout.splitlines()[0] == "1\tnothing to share"
    assert done.stdout.splitlines()[1].startswith("2\trefused\tVALUE_INVALID (subject.value): ")


def test_a_refusal_says_what_to_do(run: Run, house: SmallHouse) -> None:
    house.trouble += [(BEFORE, Refused(ROLE_REQUIRED))] * 2
    plain, as_json = run("check", "--uscc", USCC, *WHY), run("check", "--uscc", USCC, *WHY, "--json")
    assert plain.exit_code == as_json.exit_code == 1
    assert "ROLE_REQUIRED" in plain.stderr
    assert f"What to do: {ROLE_REQUIRED.remedy}" in plain.stderr
    assert json.loads(as_json.stderr)["error"]["reason"] == "ROLE_REQUIRED"
    assert as_json.stdout == ""


def test_a_house_that_is_away_is_told_with_code_2(run: Run, house: SmallHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chengxin.client.connection.UNARY_SECONDS", 0.5)
    house.trouble += [(BEFORE, Refused(UNAVAILABLE))] * 50
    done = run("check", "--uscc", USCC, *WHY)
    assert done.exit_code == 2
    assert "did not answer" in done.stderr


def test_no_identity_is_told_with_what_makes_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHENGXIN_IDENTITY")
    done = run("check", "--uscc", USCC, *WHY)
    assert done.exit_code == 2
    assert "chengxin enroll" in done.stderr


def test_the_receipt_of_an_answer_can_be_kept_and_verified(run: Run, house: SmallHouse, tmp_path: Path) -> None:
    file = tmp_path / "receipt.txt"
    done = run("check", "--uscc", USCC, *WHY, "--receipt", file)
    assert done.exit_code == 0
    assert verify_receipt(file.read_text(), house.log_vkey).index == 0


def test_a_receipt_of_many_answers_is_not_promised(run: Run, house: SmallHouse, tmp_path: Path) -> None:
    done = run("check", *WHY, "--receipt", tmp_path / "r", input="A\nB\n")
    assert done.exit_code == 2
    assert not house.seen


def test_nothing_to_ask_is_told(run: Run) -> None:
    assert run("check", "-", *WHY, input="\n").exit_code == 2


def test_a_report_shows_records_and_fields(run: Run, house: SmallHouse) -> None:
    entry = sharing_pb2.ReportedRecord()
    entry.record.record_id, entry.record.item_code, entry.record.item_title = "r1", "cn.penalty", "行政处罚"
    entry.record.severity, entry.record.determined_on = common_pb2.SEVERITY_ORDINARY, "2026-01-05"
    entry.record.earliest_repair_on = "2026-04-05"
    entry.fields.add(name="facts", value="sold expired food")
    house.report.append(entry)

    plain, as_json = run("report", "--uscc", USCC, *WHY), run("report", "--uscc", USCC, *WHY, "--json")

    assert "行政处罚 (cn.penalty)" in plain.stdout
    assert "facts: sold expired food" in plain.stdout
    assert "repair possible from: 2026-04-05" in plain.stdout
    told = json.loads(as_json.stdout)["records"][0]
    assert (told["severity"], told["determined_on"], told["ends_before"]) == ("ordinary", "2026-01-05", None)
    assert told["fields"] == {"facts": "sold expired food"}


def test_a_report_is_about_one_party(run: Run, house: SmallHouse) -> None:
    assert run("report", "-", *WHY, input="A\nB\n").exit_code == 2
    assert not house.seen
    assert run("report", "-", *WHY, input="A\n").stdout == "nothing to share\n"
