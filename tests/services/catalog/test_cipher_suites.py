"""An office whose operator changes the cipher suite: old data stays readable, new data is sealed with the new one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from pydantic import ValidationError

from chengxin.catalog.v1 import sharing_pb2
from chengxin.common.v1 import common_pb2 as common
from foundation.crypto import FileKeyProvider, Keyring
from foundation.crypto.suite import COMMERCIAL
from foundation.settings import OfficeSettings
from tests.services.catalog.drafts import lawful
from tests.services.catalog.office import CatalogOffice, catalog_office, context, identifier
from tests.support.catalog_house import uscc
from tests.support.databases import SchemaDatabase
from tests.support.identities import RefusedByOffice

OLD, NEW = identifier(uscc(4_900_001)), identifier(uscc(4_900_002))


async def shown(office: CatalogOffice, party: common.Identifier) -> list[str]:
    """The names in the party's report."""
    request = sharing_pb2.GetCreditReportRequest(context=context(), subject=party)
    report = await office.ask("consumer", "GetCreditReport", request)
    return [field.value for one in report.records for field in one.fields if field.name == "party_name"]


def suites_of_record(office: CatalogOffice, record_id: str) -> set[int]:
    """The suite bytes of a record's wraps and of its fields."""
    ((share, archive, fields),) = office.sql(
        "SELECT share_wrap, archive_wrap, fields FROM record JOIN record_text USING (bucket, record_id)"
        " WHERE record_id = %s",
        record_id,
    )
    return {share[1], archive[1], fields[2]}


async def test_an_office_changes_its_suite_and_refuses_the_old_one_when_told(
    schema_db: Callable[..., SchemaDatabase], tmp_path: Path
) -> None:
    async with catalog_office(tmp_path, schema_db("catalog", sample=True)) as office:
        (old,) = await office.record(lawful(party=OLD.value))
        entries_before = office.last_entry()
        await office.process.stop()

        await office.process.start(CHENGXIN_SUITE="2")
        (new,) = await office.record(lawful(party=NEW.value))
        assert (suites_of_record(office, old), suites_of_record(office, new)) == ({1}, {2})
        assert await shown(office, OLD) == await shown(office, NEW) == ["样例企业"]
        private = office.sql("SELECT sealed FROM journal_private WHERE entry_id > %s", entries_before)
        assert {sealed[1] for (sealed,) in private} == {2}
        await office.process.stop()

        request = sharing_pb2.GetCreditReportRequest(context=context(), subject=OLD)
        await office.process.start(CHENGXIN_SUITE="2", CHENGXIN_MIN_SUITE="2")
        assert await reason(office, request) == "SUITE_TOO_OLD"
        assert "chengxin keys rotate" in office.process.log
        await office.process.stop()

        await keys_wrapped_anew(office)
        await office.process.start(CHENGXIN_SUITE="2", CHENGXIN_MIN_SUITE="2")
        assert await shown(office, NEW) == ["样例企业"]
        assert await reason(office, request) == "SUITE_TOO_OLD"
        assert "Set CHENGXIN_MIN_SUITE to 1 until nothing of that suite is needed" in office.process.log


async def reason(office: CatalogOffice, request: sharing_pb2.GetCreditReportRequest) -> str:
    """Why a question is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await office.call("consumer", "GetCreditReport", request)
    assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    return RefusedByOffice(refused.value).reason


async def keys_wrapped_anew(office: CatalogOffice) -> None:
    """What a rotation of each key by the method `provider` comes to; tests/services/keys has it step by step."""
    database = office.database.open("catalog_worker", pool=1)
    keyring = Keyring(FileKeyProvider(office.process.keys, suite=COMMERCIAL), database)
    for (name,) in office.sql("SELECT name FROM keyring WHERE get_byte(wrapped, 1) = 1"):
        assert await keyring.rewrap(name, f"{name}/p2")
    await keyring.close()
    await database.close()


async def test_a_new_key_is_wrapped_with_the_configured_suite(
    schema_db: Callable[..., SchemaDatabase], tmp_path: Path
) -> None:
    async with catalog_office(tmp_path, schema_db("catalog", sample=True), CHENGXIN_SUITE="2") as office:
        await office.record(lawful(party=NEW.value))
        wrapped = office.sql("SELECT name, wrapped FROM keyring")
        assert {name.partition("/")[0] for name, _ in wrapped} >= {"share", "archive", "journal", "index"}
        assert {bytes(key)[1] for _, key in wrapped} == {2}


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"suite": 1, "min_suite": 2}, "raise CHENGXIN_SUITE too"),
        ({"suite": 3}, "less than or equal to 2"),
        ({"min_suite": 0}, "greater than or equal to 1"),
    ],
)
def test_a_choice_that_makes_no_sense_stops_the_office(chosen: dict[str, int], said: str) -> None:
    needed = {name: "x" for name, field in OfficeSettings.model_fields.items() if field.is_required()}
    assert OfficeSettings(**needed, suite=2, min_suite=2).suites.new.number == 2  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match=said):
        OfficeSettings(**needed, **chosen)  # type: ignore[arg-type]
