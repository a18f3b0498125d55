"""submit: codes 0, 1 and 2, a summary by reason, and quiet pipes."""

from __future__ import annotations

import json
from pathlib import Path

from foundation.reasons import ROLE_REQUIRED
from foundation.refusal import Refused
from tests.unit.cli.conftest import Run
from tests.unit.client.small_house import BEFORE, SmallHouse
from tests.unit.handin.hand_in_files import LICENCE, PENALTY, as_rows, write_csv, write_xlsx


def test_a_file_that_is_accepted_whole_ends_with_0(run: Run, house: SmallHouse, tmp_path: Path) -> None:
    sheets = {"处罚": as_rows([PENALTY]), "许可": as_rows([LICENCE]), "说明": [["x"]]}
    done = run("submit", write_xlsx(tmp_path / "file.xlsx", sheets), "--sample")
    assert done.exit_code == 0
    assert "2 accepted, 0 refused" in done.stdout
    assert "sheet left out, no known header: 说明" in done.stdout
    assert done.stderr == ""
    assert [record.sample for record in house.records.values()] == [True, True]


def test_refused_rows_end_with_1_and_are_counted_by_reason(run: Run, tmp_path: Path) -> None:
    rows = [PENALTY, PENALTY | {"处罚决定日期": "x"}, PENALTY | {"处罚决定日期": "y"}, PENALTY | {"处罚类别": "z"}]
    file = write_csv(tmp_path / "file.csv", rows)

    done = run("submit", file)

    assert done.exit_code == 1
    assert "       2  BAD_DATE  Write it as" in done.stdout
    assert "       1  CATEGORY_UNKNOWN" in done.stdout
    assert str(tmp_path / "file.rejects.csv") in done.stdout
    assert (tmp_path / "file.rejects.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_the_summary_as_json(run: Run, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "file.csv", [PENALTY, PENALTY | {"处罚决定日期": "x"}])
    done = run("submit", file, "--rejects", tmp_path / "bad.csv", "--json")
    told = json.loads(done.stdout)
    assert (told["rows"], told["accepted"], told["refused"]) == (2, 1, 1)
    assert told["reasons"] == {"BAD_DATE": 1}
    assert told["rejects"] == [str(tmp_path / "bad.csv")]
    assert done.stderr == ""


def test_a_file_that_cannot_be_handed_in_ends_with_2(run: Run, house: SmallHouse, tmp_path: Path) -> None:
    file = tmp_path / "file.csv"
    file.write_text("name\nx\n")
    plain, as_json = run("submit", file), run("submit", file, "--json")
    assert plain.exit_code == as_json.exit_code == 2
    assert "COLUMNS_UNKNOWN" in plain.stderr
    assert "--mapping" in plain.stderr
    assert json.loads(as_json.stderr)["error"]["reason"] == "COLUMNS_UNKNOWN"
    assert run("submit", tmp_path / "none.csv").exit_code == 2
    assert not house.seen


def test_a_wrong_mapping_ends_with_2(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("format: 9")
    done = run("submit", write_csv(tmp_path / "f.csv", [PENALTY]), "--mapping", tmp_path / "own.yaml")
    assert done.exit_code == 2
    assert "MAPPING_INVALID" in done.stderr


def test_a_hand_in_refused_as_a_whole_says_that_it_can_be_repeated(run: Run, house: SmallHouse, tmp_path: Path) -> None:
    house.trouble.append((BEFORE, Refused(ROLE_REQUIRED)))
    done = run("submit", write_csv(tmp_path / "f.csv", [PENALTY]))
    assert done.exit_code == 2
    assert "interrupted: 0 accepted" in done.stderr
    assert "ROLE_REQUIRED" in done.stderr
