"""An answered report of misuse loses its key, its reporter and all words with its retention; its history stays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from foundation.personal import Personal
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from tests.services.archive.erasers import eraser
from tests.services.questions.house import SCHEMAS, AuditHouse, auditor, party_call
from tests.services.questions.test_misuse import FIRST, SECOND, reported
from tests.support.databases import SchemaDatabase

TEN_YEARS = timedelta(days=3653)
OFFICE = b"audit".ljust(32)


@pytest_asyncio.fixture
async def house(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[AuditHouse]:
    """The journals of all offices in a fresh sample house, and the audit office enrolled in it."""
    made = AuditHouse(schema_db(*SCHEMAS, sample=True), tmp_path / "keys")
    made.sql(
        "audit",
        "INSERT INTO enrolment (fingerprint, spiffe_id, authority, system, roles, not_after)"
        " VALUES ({}, 'spiffe://audit.test/audit', '91430000MA4L16JQ9B', 'audit', '{{office}}', now() + interval '1 h')",
        OFFICE,
    )
    yield made
    await made.close()


def pass_time(house: AuditHouse, passed: timedelta) -> None:
    house.sql("audit", "UPDATE clock_offset SET ahead = ahead + {}", passed)


async def test_a_report_is_erased_ten_years_after_its_answer_and_an_open_one_never(house: AuditHouse) -> None:
    ended, still_open = [(await reported(house)).matter_id for _ in range(2)]
    await house.misuse.step(FIRST, ended, "taken_up", Personal("向该单位调取卷宗"))
    await house.misuse.step(SECOND, ended, "decided", Personal("无相应事项"), upheld=True)
    await house.misuse.step(FIRST, ended, "answered", Personal("已认定为违规查询"))
    async with eraser(house.database, "audit", house.folder / "audit", OFFICE, "erase_dossiers") as sweeper:
        pass_time(house, TEN_YEARS - timedelta(days=2))
        assert (await sweeper.sweep())["erase_dossiers"] == 0
        pass_time(house, timedelta(days=3))
        assert (await sweeper.sweep())["erase_dossiers"] == 1
        assert (await sweeper.sweep())["erase_dossiers"] == 0

    left = house.sql(
        "audit",
        "SELECT m.wrap, m.reporter, m.authority <> '', array_agg(s.said ORDER BY s.step_no),"
        " array_agg(s.officer ORDER BY s.step_no), array_agg(s.state ORDER BY s.step_no), bool_or(s.upheld)"
        " FROM misuse_matter m JOIN misuse_step s USING (bucket, matter_id) WHERE m.matter_id = {} GROUP BY 1, 2, 3",
        ended,
    )
    states = ["reported", "taken_up", "decided", "answered"]
    assert left == [(None, b"", True, [b""] * 4, [None, b"", b"", b""], states, True)]
    tags = house.sql(
        "audit", "SELECT DISTINCT officer_tag FROM misuse_step WHERE matter_id = {} AND step_no > 1", ended
    )
    assert tags == [(sha256(ended.bytes).digest()[:16],)], "of nobody"
    assert house.sql("audit", "SELECT count(*) FROM journal WHERE kind = 'Eraser.EraseMatters'") == [(1,)]
    for call in (FIRST, party_call()):
        with pytest.raises(Refused) as gone:
            await house.misuse.get(call, ended)
        assert gone.value.reason is NOT_FOUND
    rows, _, _ = await house.misuse.page(auditor(), open_only=False, after="", most=10)
    assert [row.matter_id for row in rows] == [still_open]
    assert (await house.misuse.get(party_call(), still_open))[0].state == "reported"


async def test_nobody_erases_a_report_early(house: AuditHouse) -> None:
    matter_id = (await reported(house)).matter_id
    for statement in (
        "UPDATE misuse_matter SET wrap = NULL, reporter = ''",
        "UPDATE misuse_step SET said = ''",
        "DELETE FROM misuse_step",
    ):
        for allowed in ("", "SET LOCAL chengxin.erasing = 'dossier'; "):
            with pytest.raises(psycopg.Error, match="append-only") as refused:
                house.sql("audit", f"{allowed}{statement} WHERE matter_id = {{}}", matter_id)
            assert refused.value.sqlstate == "CX001"
    for role in ("audit_app", "audit_reader"):
        with (
            psycopg.connect(house.database.dsn(role), options="-c search_path=audit") as other,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            other.execute("SELECT erase_dossiers('\\x00', 1, '\\x00', '\\x00')")
