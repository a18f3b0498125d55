"""Closed applications and cases lose their key, their party, all words and evidence; their history stays."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import psycopg
import pytest
import pytest_asyncio

from chengxin.blacklist.v1 import blacklist_pb2
from foundation.crypto import FileKeyProvider, KeyGone, Keyring, OpenFailed, Place, kek_name, open_dek
from foundation.db.migrate import READER, ROLES
from tests.services.archive.erasers import eraser
from tests.services.blacklist.house import ListHouse, list_house
from tests.services.blacklist.house import RefusedByOffice as RefusedByList
from tests.services.repair.harness import DEPLOYMENT, RefusedByOffice, RepairHouse, running
from tests.services.repair.neighbours import SLIGHT
from tests.support.databases import SchemaDatabase

TEN_YEARS = timedelta(days=3653)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def repairs(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RepairHouse]:
    """A running repair office in a sample house."""
    async with running(tmp_path_factory.mktemp("repair"), schema_db("repair", sample=True)) as house:
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def lists(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ListHouse]:
    """A running list office in a sample house."""
    folder = tmp_path_factory.mktemp("list")
    async with list_house(folder, schema_db("blacklist", "catalog", sample=True)) as house:
        yield house


def _repair_eraser(house: RepairHouse):
    fingerprint = house.identities.enrolments["repair"].fingerprint
    return eraser(house.database, "repair", house.process.keys, fingerprint, "erase_dossiers")


def _list_eraser(house: ListHouse):
    keys, fingerprint = house.folder / "blacklist-keys", house.identities["blacklist"].fingerprint
    return eraser(house.database, "blacklist", keys, fingerprint, "erase_dossiers")


async def _applied(house: RepairHouse) -> str:
    application_id = (await house.party().submit(house.catalog.hold(house.today(), SLIGHT))).application_id
    await house.party().upload(application_id, "样例回执".encode())
    return application_id


async def test_an_application_is_erased_ten_years_after_it_was_closed_and_an_open_one_never(
    repairs: RepairHouse,
) -> None:
    withdrawn, refused, still_open = [await _applied(repairs) for _ in range(3)]
    await repairs.party().withdraw(withdrawn)
    await repairs.officer().accept(refused)
    await repairs.officer().decide(refused, grant=False)
    [(wrap,)] = repairs.sql("SELECT wrap FROM application WHERE application_id = %s", withdrawn)
    copy = repairs.sql("SELECT name, wrapped FROM keyring")

    async with _repair_eraser(repairs) as eraser_:
        repairs.pass_time(TEN_YEARS - timedelta(days=2))
        assert (await eraser_.sweep())["erase_dossiers"] == 0
        repairs.pass_time(timedelta(days=3))
        assert (await eraser_.sweep())["erase_dossiers"] == 2
        assert (await eraser_.sweep())["erase_dossiers"] == 0

    left = {
        str(row[0]): row[1:]
        for row in repairs.sql(
            "SELECT application_id, wrap IS NULL, subject = '', correction = '',"
            " (SELECT count(*) FROM evidence e WHERE e.application_id = a.application_id) FROM application a"
        )
    }
    assert left[withdrawn] == left[refused] == (True, True, True, 0)
    assert left[still_open] == (False, False, False, 1)
    history = repairs.sql(
        "SELECT state, authority <> '', coalesce(officer, ''), coalesce(reasons, ''), coalesce(verification, '')"
        " FROM application_step WHERE application_id = %s ORDER BY step_no",
        refused,
    )
    assert history == [
        ("submitted", False, b"", b"", b""),
        ("accepted", True, b"", b"", b""),
        ("refused", True, b"", b"", b""),
    ]
    for gone in (withdrawn, refused):
        with pytest.raises(RefusedByOffice) as nothing:
            await repairs.party().get(gone)
        assert nothing.value.reason == "NOT_FOUND"
    assert [one.application_id for one in await repairs.party().list()] == [still_open]
    erased = repairs.sql("SELECT kind, decision FROM journal WHERE purpose = 'erasure'", role="admin")
    assert ("Eraser.EraseApplications", "changed") in erased

    await repairs.party().withdraw(still_open)
    async with _repair_eraser(repairs) as eraser_:
        repairs.pass_time(TEN_YEARS + timedelta(days=1))
        swept = await eraser_.sweep()
    assert (swept["erase_dossiers"], swept["keys"] > 0) == (1, True)
    provider = FileKeyProvider(repairs.process.keys)
    year = kek_name(bytes(wrap))
    assert year not in provider.list()
    place = Place(deployment=DEPLOYMENT, table="application", record_id=UUID(withdrawn), version=1, subject_ref=b"")
    opened = 0
    keyring = Keyring(provider, repairs.database.open("repair_eraser"))
    for name, _ in copy:
        try:
            kek = await keyring.kek(name)
        except KeyGone:
            continue
        opened += 1
        with pytest.raises(OpenFailed):
            open_dek(bytes(wrap), kek, place)
    await keyring.close()
    assert opened > 2


async def test_nobody_erases_an_application_early(repairs: RepairHouse) -> None:
    application_id = await _applied(repairs)
    await repairs.party().withdraw(application_id)
    for statement in (
        "UPDATE application SET wrap = NULL, subject = ''",
        "DELETE FROM evidence",
        "UPDATE application_step SET officer = ''",
    ):
        for allowed in ("", "SET LOCAL chengxin.erasing = 'dossier'; "):
            with (
                pytest.raises(psycopg.Error, match="append-only") as refused,
                psycopg.connect(repairs.database.admin_dsn, options="-c search_path=repair") as owner,
            ):
                owner.execute(f"{allowed}{statement} WHERE application_id = '{application_id}'")  # type: ignore[arg-type]
            assert refused.value.sqlstate == "CX001"
    with pytest.raises(psycopg.Error, match="append-only"):
        repairs.sql("TRUNCATE evidence", role="admin")


async def test_a_case_is_erased_ten_years_after_it_was_closed(lists: ListHouse) -> None:
    case = await lists.notified(lists.company("样例待删除公司"))
    lists.pass_window(case)
    dropped = await lists.decider.decide(case, to_list=False)
    other = await lists.notified()
    async with _list_eraser(lists) as eraser_:
        lists.pass_days(3650)
        assert (await eraser_.sweep())["erase_dossiers"] == 0
        lists.pass_days(4)
        assert (await eraser_.sweep())["erase_dossiers"] == 1
    [(wrap, party, evidence, number)] = lists.sql(
        "SELECT wrap, party, (SELECT count(*) FROM evidence e WHERE e.case_id = f.case_id),"
        " (SELECT count(*) FROM decision_number d WHERE d.case_id = f.case_id) FROM case_file f WHERE case_id = %s",
        dropped.case_id,
    )
    assert (wrap, party, evidence, number) == (None, b"", 0, 0)
    steps = lists.sql(
        "SELECT step, officer, artefact, coalesce(cardinality(member_tags), 0), octet_length(artefact_digest)"
        " FROM case_step WHERE case_id = %s ORDER BY seq",
        dropped.case_id,
    )
    assert [step for step, *_ in steps][-1] == "decide_to_drop"
    assert {row[1:] for row in steps} == {(b"", b"", 0, 32)}
    tags = lists.sql("SELECT DISTINCT officer_tag FROM case_step WHERE case_id = %s", dropped.case_id)
    assert tags == [(sha256(UUID(dropped.case_id).bytes).digest()[:16],)], "of nobody"
    with pytest.raises(RefusedByList) as nothing:
        await lists.finder.get(dropped)
    assert nothing.value.reason == "NOT_FOUND"
    assert (await lists.finder.get(other)).state == blacklist_pb2.CASE_STATE_NOTIFIED
    with pytest.raises(psycopg.Error, match="append-only"):
        lists.sql("UPDATE case_file SET party = ''", role="admin")


@pytest.mark.parametrize("role", [*ROLES["repair"], READER])
def test_the_erasers_role_alone_erases_applications(repairs: RepairHouse, role: str) -> None:
    fingerprint = repairs.identities.enrolments["repair"].fingerprint
    for door in ("erase_dossiers", "erase_private"):
        call = f"SELECT {door}(%s, 500, '\\x01', '\\x01')"
        if role == "repair_eraser":
            assert repairs.sql(call, fingerprint, role=role)
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                repairs.sql(call, fingerprint, role=role)
    for statement in (
        "UPDATE application SET wrap = NULL",
        "DELETE FROM evidence",
        "DELETE FROM journal_private",
        "UPDATE retention SET period = interval '1 month'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            repairs.sql(statement, role=role)
