"""A whole hand-in against a house: nothing lost, refused rows come back with what to do, little is held."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from chengxin.client.answers import SubmitResult
from chengxin.client.errors import RefusedError
from chengxin.client.records import Record
from chengxin.client.sync import Client
from chengxin.handin.job import HandIn
from chengxin.handin.mapping import load_mapping
from chengxin.handin.reasons import HandInError
from foundation.reasons import ROLE_REQUIRED
from foundation.refusal import Refused
from tests.unit.client.small_house import BEFORE, REFUSED_MEMBER, SmallHouse
from tests.unit.handin.hand_in_files import LICENCE, PENALTY, as_rows, read_rejects, write_csv, write_xlsx

MAPPING = load_mapping()


def penalty(number: int, **changes: str) -> dict[str, str]:
    return PENALTY | {"行政处罚决定书文号": f"湘罚〔2021〕{number}号"} | changes


@pytest.fixture
def rejects(tmp_path: Path) -> Path:
    return tmp_path / "rejects.csv"


def test_every_row_is_accepted_or_comes_back(client: Client, house: SmallHouse, tmp_path: Path, rejects: Path) -> None:
    bad_date = {"处罚决定日期": "2021-02-30"}
    rows = [penalty(n) for n in range(1200)]
    rows[5] = penalty(5, **bad_date)
    rows[700] = penalty(700, 行政相对人名称=REFUSED_MEMBER)
    file = write_csv(tmp_path / "file.csv", rows)

    summary = HandIn(file, MAPPING, rejects=rejects, sample=True).run(client.submit)

    assert (summary.rows, summary.accepted, summary.refused) == (1200, 1198, 2)
    assert dict(summary.reasons) == {"BAD_DATE": 1, "VALUE_INVALID": 1}
    assert len(house.records) == 1198
    assert all(record.sample for record in house.records.values())
    back = read_rejects(rejects)
    assert [(row["行号"], row["原因代码"], row["有误的列"]) for row in back] == [
        ("7", "BAD_DATE", "处罚决定日期"),
        ("702", "VALUE_INVALID", "行政相对人代码_1（统一社会信用代码） / 证件号码"),
    ]
    assert all(row["说明"] and row["处理办法"] for row in back)
    assert back[0]["处罚决定日期"] == "2021-02-30"


def test_a_corrected_rejects_file_can_be_handed_in(client: Client, tmp_path: Path, rejects: Path) -> None:
    odd = {"违法事实": "=HYPERLINK()", "证件号码": "-", "备注": "430102199001011234"}
    file = write_csv(tmp_path / "file.csv", [penalty(1, 处罚决定日期="x", **odd)])
    HandIn(file, MAPPING, rejects=rejects).run(client.submit)
    assert b",'=HYPERLINK()," in rejects.read_bytes()
    assert b",'430102199001011234" in rejects.read_bytes()
    corrected = tmp_path / "corrected.csv"
    corrected.write_bytes(rejects.read_bytes().replace(b",x,", b",2021-9-1,"))

    summary = HandIn(corrected, MAPPING, rejects=rejects).run(client.submit)

    assert (summary.accepted, summary.refused) == (1, 0)


def test_what_comes_back_again_is_what_was_handed_in(
    client: Client, house: SmallHouse, tmp_path: Path, rejects: Path
) -> None:
    odd = {"违法事实": "=HYPERLINK()", "备注": "430102199001011234"}
    HandIn(write_csv(tmp_path / "a.csv", [penalty(1, 处罚决定日期="x", **odd)]), MAPPING, rejects=rejects).run(
        client.submit
    )
    again = tmp_path / "again.csv"
    again.write_bytes(rejects.read_bytes().replace(b",x,", b",2021-9-1,"))
    HandIn(again, MAPPING, rejects=rejects).run(client.submit)
    fields = {field.name: field.value for field in house.records["湘罚〔2021〕1号"].fields}
    assert (fields["facts"], fields["remarks"]) == ("=HYPERLINK()", "430102199001011234")


def test_the_rejects_file_is_for_its_owner_alone(client: Client, tmp_path: Path, rejects: Path) -> None:
    rejects.write_text("of an earlier run")
    HandIn(write_csv(tmp_path / "a.csv", [penalty(1, 处罚类别="")]), MAPPING, rejects=rejects).run(client.submit)
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600


def test_without_refusals_there_is_no_rejects_file(client: Client, tmp_path: Path, rejects: Path) -> None:
    rejects.write_text("of an earlier run")
    summary = HandIn(write_csv(tmp_path / "a.csv", [penalty(1)]), MAPPING, rejects=rejects).run(client.submit)
    assert summary.rejects == []
    assert not rejects.exists()


def test_the_rejects_file_never_replaces_the_file_itself(client: Client, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [penalty(1)])
    with pytest.raises(HandInError, match="REJECTS_NOT_WRITABLE"):
        HandIn(file, MAPPING, rejects=tmp_path / "." / "a.csv").run(client.submit)
    assert file.stat().st_size > 0


def test_a_rejects_file_that_cannot_be_written_is_told(client: Client, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [penalty(1, 处罚类别="")])
    with pytest.raises(HandInError, match="REJECTS_NOT_WRITABLE"):
        HandIn(file, MAPPING, rejects=tmp_path / "no-such-folder" / "r.csv").run(client.submit)


def test_each_sheet_with_refusals_has_a_rejects_file_of_its_own(
    client: Client, house: SmallHouse, tmp_path: Path, rejects: Path
) -> None:
    sheets = {"处罚": as_rows([penalty(1, 处罚类别=""), penalty(2)]), "许可": as_rows([LICENCE | {"许可类别": "x"}])}
    file = write_xlsx(tmp_path / "file.xlsx", sheets)
    summary = HandIn(file, MAPPING, rejects=rejects).run(client.submit)
    assert (summary.accepted, summary.refused) == (1, 2)
    assert [path.name for path in summary.rejects] == ["rejects.csv", "rejects-2.csv"]
    assert read_rejects(summary.rejects[1])[0]["许可类别"] == "x"


def test_a_file_handed_in_twice_is_held_once(client: Client, house: SmallHouse, tmp_path: Path, rejects: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [penalty(n) for n in range(30)])
    HandIn(file, MAPPING, rejects=rejects).run(client.submit)
    again = HandIn(file, MAPPING, rejects=rejects).run(client.submit)
    assert (again.accepted, again.already_held) == (30, 30)
    assert len(house.records) == 30


def test_a_column_that_is_unknown_comes_back_by_its_name(client: Client, tmp_path: Path, rejects: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [penalty(1, 血型="A")])

    def as_the_catalog_does(records: Iterable[Record]) -> Iterator[SubmitResult]:
        from chengxin.client.answers import Refusal

        for result, record in zip(client.submit(iter(kept := list(records))), kept, strict=True):
            assert "A" not in record.fields.values()
            refusal = Refusal(reason="FIELD_PROHIBITED", field="fields", message="Never.", remedy="Leave it out.")
            yield SubmitResult(
                record_number=result.record_number,
                record_id="",
                already_held=False,
                refusal=refusal,
                warnings=(),
                receipt=result.receipt,
            )

    HandIn(file, MAPPING, rejects=rejects).run(as_the_catalog_does)
    assert read_rejects(rejects)[0]["有误的列"] == "血型"


def test_a_long_file_is_not_held_in_memory(tmp_path: Path, rejects: Path, client: Client) -> None:
    file = write_csv(tmp_path / "a.csv", [penalty(n) for n in range(6000)])
    job = HandIn(file, MAPPING, rejects=rejects)
    most = 0

    def look(*_: object) -> None:
        nonlocal most
        most = max(most, len(job._sent))

    job.run(client.submit, after_row=look)
    assert 500 <= most <= 5 * 500 + 1


def test_a_hand_in_that_the_house_refuses_as_a_whole_stops_and_says_how_far_it_came(
    client: Client, house: SmallHouse, tmp_path: Path, rejects: Path
) -> None:
    house.trouble.append((BEFORE, Refused(ROLE_REQUIRED)))
    job = HandIn(write_csv(tmp_path / "a.csv", [penalty(1)]), MAPPING, rejects=rejects)
    with pytest.raises(RefusedError):
        job.run(client.submit)
    assert (job.summary.rows, job.summary.accepted) == (1, 0)


def test_a_file_that_breaks_off_stops_with_the_line(client: Client, tmp_path: Path, rejects: Path) -> None:
    file = write_csv(tmp_path / "a.csv", [penalty(n) for n in range(30)])
    file.write_bytes(file.read_bytes() + b'"never closed')
    with pytest.raises(HandInError, match="line 32"):
        HandIn(file, MAPPING, rejects=rejects).run(client.submit)
