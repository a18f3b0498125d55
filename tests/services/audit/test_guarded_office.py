"""A real office with a real log and witness stops answering when its journal, its log or its clock can't be relied on."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import grpc.aio
import httpx
import psycopg
import pytest
import pytest_asyncio
from click.testing import Result
from grpc_health.v1 import health_pb2, health_pb2_grpc
from typer.testing import CliRunner

from chengxin.audit.v1 import audit_pb2, log_pb2, log_pb2_grpc
from chengxin.cli.audit import app
from chengxin.proofs import cosignature, tiles
from chengxin.proofs.entry import decode
from chengxin.proofs.merkle import leaf_hash
from chengxin.proofs.tiles import Tile
from standalone.ports import free_port
from tests.services.audit.journals import VKEY, Journals
from tests.services.audit.process import AuditProcess, RefusedByOffice, running
from tests.services.audit.witnesses import RunningWitness, running_witness
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually

SEARCH = audit_pb2.SearchAccessesRequest()
CHECKPOINT = audit_pb2.GetCheckpointRequest()


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[RunningWitness]:
    with running_witness(tmp_path / "witness") as made:
        yield made


@pytest_asyncio.fixture
async def office(
    schema_db: Callable[..., SchemaDatabase], tmp_path: Path, witness: RunningWitness
) -> AsyncIterator[AuditProcess]:
    journals = Journals(schema_db("audit", "repair"), tmp_path / "keys")
    port = free_port()
    settings = witness.settings | {
        "CHENGXIN_LOG_LISTEN": f"127.0.0.1:{port}",
        "CHENGXIN_LOG_URL": f"http://127.0.0.1:{port}",
        "CHENGXIN_ENTRIES_LISTEN": "127.0.0.1:0",
        "CHENGXIN_ENTRIES_READY_FILE": str(tmp_path / "entries-ready"),
    }
    async with running(tmp_path, journals, **settings) as process:
        yield process
    await journals.close()


async def reason(office: AuditProcess, method: str = "SearchAccesses", request: object = SEARCH) -> str:
    """Why the call is refused; "" when it is answered."""
    try:
        await office.ask("auditor", method, request)
    except RefusedByOffice as refused:
        return refused.reason
    return ""


async def refused_for(office: AuditProcess, code: str) -> None:
    async def now() -> bool:
        return await reason(office) == code

    await eventually(now, within=15)


def lose_last_entry(office: AuditProcess) -> None:
    with office.journals.admin() as connection:
        connection.execute("ALTER TABLE journal DISABLE TRIGGER append_only")
        connection.execute("DELETE FROM journal WHERE entry_id = (SELECT max(entry_id) FROM journal)")


def fetched(office: AuditProcess, path: str) -> httpx.Response:
    """A resource of the public log."""
    return httpx.get(f"{office.log_url}{path}")


def size_served(office: AuditProcess) -> int:
    """The size of the served checkpoint; -1 before the first."""
    answer = fetched(office, "checkpoint")
    return int(answer.text.split("\n")[1]) if answer.is_success else -1


async def witnessed(office: AuditProcess, size: int) -> None:
    """Wait until a checkpoint of at least this size is cosigned."""

    async def now() -> bool:
        return size_served(office) >= size and "witness.test" in fetched(office, "checkpoint").text

    await eventually(now, within=15)


async def guard_health(office: AuditProcess) -> int:
    own = office.folder / "auditor"
    credentials = grpc.ssl_channel_credentials(
        (own / "ca.pem").read_bytes(), (own / "key.pem").read_bytes(), (own / "cert.pem").read_bytes()
    )
    async with grpc.aio.secure_channel(office.address, credentials) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        return (await stub.Check(health_pb2.HealthCheckRequest(service="guard"), timeout=5)).status


async def test_a_journal_that_lost_its_end_stops_its_office_and_proofs_go_on(
    office: AuditProcess, witness: RunningWitness
) -> None:
    assert await reason(office) == ""
    await witnessed(office, 1)
    assert await guard_health(office) == health_pb2.HealthCheckResponse.SERVING
    lose_last_entry(office)
    await refused_for(office, "JOURNAL_BEHIND")
    assert await reason(office, "GetCheckpoint", CHECKPOINT) == ""
    assert await guard_health(office) == health_pb2.HealthCheckResponse.NOT_SERVING
    before = entries_of(office)
    for _ in range(3):
        assert await reason(office) == "JOURNAL_BEHIND"
    assert entries_of(office) == before, "nothing is written while it is refused"


def entries_of(office: AuditProcess) -> int:
    with office.journals.admin() as connection:
        row = connection.execute("SELECT count(*) FROM journal").fetchone()
    assert row is not None
    return row[0]


async def test_an_office_that_starts_with_a_restored_journal_never_answers(
    office: AuditProcess, witness: RunningWitness, tmp_path: Path
) -> None:
    assert await reason(office) == ""
    await witnessed(office, 1)
    lose_last_entry(office)
    # Another process of the same office, with the witness alone to tell it.
    again = tmp_path / "again"
    again.mkdir()
    async with running(again, office.journals, **witness.settings, CHENGXIN_ONLY="serve") as second:
        assert await reason(second) == "JOURNAL_BEHIND"


async def test_a_clock_off_the_witness_s_stops_answers_until_it_is_right(
    office: AuditProcess, witness: RunningWitness
) -> None:
    assert await reason(office) == ""
    witness.off_s = 2.6
    await refused_for(office, "CLOCK_OFF")
    assert await reason(office, "GetCheckpoint", CHECKPOINT) == ""
    witness.off_s = 0.0
    await refused_for(office, "")


async def test_a_sample_house_may_move_its_own_clock(office: AuditProcess, witness: RunningWitness) -> None:
    with office.journals.admin() as connection:
        connection.execute("ALTER TABLE clock_offset DISABLE TRIGGER clock_offset_guard")
        connection.execute("UPDATE clock_offset SET ahead = interval '21 days'")
    known = witness.memory.state()["checkpoints"]
    assert await reason(office) == ""
    await eventually(lambda: witness.memory.state()["checkpoints"] != known, within=15)
    assert await reason(office) == ""


async def test_a_log_that_takes_nothing_stops_answers(
    schema_db: Callable[..., SchemaDatabase], tmp_path: Path, witness: RunningWitness
) -> None:
    journals = Journals(schema_db("audit", "repair"), tmp_path / "keys")
    await journals.sequencer().round()  # a head, and then no sequencer any more
    port = free_port()
    settings = {
        "CHENGXIN_ONLY": "serve",
        "CHENGXIN_LOG_VKEY": VKEY,
        "CHENGXIN_LOG_LISTEN": f"127.0.0.1:{port}",
        "CHENGXIN_LOG_URL": f"http://127.0.0.1:{port}",
        "CHENGXIN_LOG_MAX_UNSEQUENCED_S": "1",
    }
    async with running(tmp_path, journals, **settings) as office:
        assert await reason(office) == ""
        await refused_for(office, "LOG_BEHIND")
        sequencer = journals.sequencer()

        async def taken() -> bool:
            await sequencer.round()
            return await reason(office) == ""

        await eventually(taken, within=15)
    await journals.close()


async def test_gaps_and_adoption_by_rpc(office: AuditProcess) -> None:
    asked = log_pb2.ListDoorGapsRequest(source="repair")
    answer = await office.ask("auditor", "ListDoorGaps", asked, stub=log_pb2_grpc.LogServiceStub)
    assert list(answer.gaps) == []
    for system, code in (("consumer", "ROLE_REQUIRED"), ("auditor", "ASSERTION_REQUIRED")):
        request = log_pb2.AdoptEpochRequest(source="repair", epoch="0" * 32, basis="test")
        with pytest.raises(RefusedByOffice) as refused:
            await office.ask(system, "AdoptEpoch", request, stub=log_pb2_grpc.LogServiceStub)
        assert refused.value.reason == code
    await office.journals.look()

    async def sequenced() -> bool:
        with office.journals.admin() as connection:
            return bool(connection.execute("SELECT 1 FROM source_position WHERE source = 'repair'").fetchone())

    await eventually(sequenced)
    with office.journals.admin("repair") as connection:
        row = connection.execute("SELECT begin_epoch()").fetchone()
    assert row is not None
    request = log_pb2.AdoptEpochRequest(source="repair", epoch=row[0].hex, basis="test")
    steps = [
        (await office.ask("auditor", "AdoptEpoch", request, officer=who, stub=log_pb2_grpc.LogServiceStub)).approved
        for who in ("first", "second")
    ]
    assert steps == [False, True]


def tls(office: AuditProcess, system: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(office.folder / "auditor" / "ca.pem"))
    if system is not None:
        own = office.folder / system
        context.load_cert_chain(own / "cert.pem", own / "key.pem")
    return context


async def test_entry_tiles_are_for_enrolled_auditors_alone_and_each_is_journalled(
    office: AuditProcess, tmp_path: Path
) -> None:
    for number in range(3):
        await office.journals.look(matter=f"T-{number}")
    url = f"https://{(tmp_path / 'entries-ready').read_text().strip()}"
    await eventually(lambda: size_served(office) >= 3)
    path = tiles.entries_path(Tile(0, 0), 3)
    async with httpx.AsyncClient(verify=tls(office, "auditor"), base_url=url) as auditor:
        answer = await auditor.get(path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        for elsewhere in ("tile/entries/000.p/0", "tile/entries/900", "tile/entries/x", "tile/0/000.p/3"):
            assert (await auditor.get(elsewhere)).status_code == 404
    entries = tiles.split_entries(answer.content)
    hashes = fetched(office, "tile/0/000.p/3").content
    assert b"".join(map(leaf_hash, entries)) == hashes
    assert {decode(entry).source for entry in entries} == {"repair"}
    async with httpx.AsyncClient(verify=tls(office, "consumer"), base_url=url) as department:
        assert (await department.get(path)).status_code == 403
    async with httpx.AsyncClient(verify=tls(office, None), base_url=url) as nobody:
        with pytest.raises(httpx.HTTPError):
            await nobody.get(path)
    assert fetched(office, path).status_code == 404, "not on the public port"
    with office.journals.admin() as connection:
        rows = connection.execute(
            "SELECT decision, reason FROM journal WHERE kind = 'EntryTiles.Get' ORDER BY entry_id"
        ).fetchall()
        connection.execute("UPDATE enrolment SET revoked_at = now() WHERE system = 'auditor'")
    assert rows == [("answered", ""), ("refused", "ROLE_REQUIRED")]
    async with httpx.AsyncClient(verify=tls(office, "auditor"), base_url=url) as revoked:
        assert (await revoked.get(path)).status_code == 403


async def test_the_cosigned_checkpoint_verifies_with_the_witness_s_key(
    office: AuditProcess, witness: RunningWitness
) -> None:
    await witnessed(office, 0)
    assert cosignature.verify(fetched(office, "checkpoint").text, witness.vkey)


async def test_an_auditor_sees_gaps_and_adopts_by_command(office: AuditProcess, tmp_path: Path) -> None:
    identity = office.folder / "auditor"
    (identity / "house.json").write_text(json.dumps({"audit": office.address}))

    async def command(*arguments: str) -> Result:
        run = partial(CliRunner().invoke, app, [*arguments, "--identity", str(identity), "--json"])
        return await asyncio.to_thread(run)

    assert (await command("gaps")).exit_code == 0
    with psycopg.connect(office.journals.database.dsn("repair_app"), options="-c search_path=repair") as hostile:
        hostile.execute(
            "SELECT journal_write((-1)::smallint, 'RepairService.Get', gen_random_uuid(), 1, 'a', sha256('f'), '',"
            " NULL, 'answered', '', sha256('s'), 'sealed', NULL, '{}', '{}')"
        )
        hostile.rollback()
    await office.journals.look()

    async def reported() -> Result | None:
        with office.journals.admin() as connection:
            connection.execute("UPDATE door_gap SET noticed_at = noticed_at - interval '1 minute'")
        said = await command("gaps", "--source", "repair")
        return said if said.exit_code == 1 else None

    (gap,) = json.loads((await eventually(reported, within=20)).stdout)["gaps"]
    assert (gap["source"], gap["first_no"], gap.get("cause", "")) == ("repair", "1", "")
    with office.journals.admin("repair") as connection:
        row = connection.execute("SELECT begin_epoch()").fetchone()
    assert row is not None
    signed = tmp_path / "official.jwt"
    said = []
    for who in ("first", "first", "second"):
        signed.write_text(office._officer("auditor", who))
        adopting = ("adopt", "--source", "repair", "--epoch", row[0].hex, "--basis", "test")
        run = await command(*adopting, "--assertion", str(signed))
        said.append((run.exit_code, json.loads(run.stdout)["approved"] if run.exit_code == 0 else None))
    assert said == [(0, False), (1, None), (0, True)]
