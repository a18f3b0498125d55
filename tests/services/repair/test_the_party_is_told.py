"""An operator's sender of e-mail or SMS is asked to tell a party to sign in, of whatever an official has done."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import pytest_asyncio
from pydantic import ValidationError

from services.repair.messenger import TEXT
from services.repair.settings import RepairSettings
from tests.services.repair.harness import RepairHouse, running
from tests.services.repair.neighbours import SLIGHT
from tests.services.repair.parties import PARTY
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually

TOKEN = "s3nder-token"


@dataclass
class Sender:
    """An operator's sender: what it was asked, and the statuses that it still has to answer before 202."""

    port: int = 0
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.asked.append((headers, body))
        await self.answering.wait()
        status = self.statuses.pop(0) if self.statuses else 202
        writer.write(f"HTTP/1.1 {status} x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sender() -> AsyncIterator[Sender]:
    known = Sender()
    server = await asyncio.start_server(known.serve, "127.0.0.1", 0)
    known.port = server.sockets[0].getsockname()[1]
    async with server:
        yield known


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def house(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory, sender: Sender
) -> AsyncIterator[RepairHouse]:
    """A repair office whose operator has connected a sender."""
    folder = tmp_path_factory.mktemp("repair")
    (folder / "token").write_text(f"{TOKEN}\n")
    settings = {
        "CHENGXIN_MESSENGER_URL": f"http://127.0.0.1:{sender.port}/send",
        "CHENGXIN_MESSENGER_TOKEN": str(folder / "token"),
    }
    async with running(folder, schema_db("repair", sample=True), **settings) as house:
        yield house


@pytest.fixture(autouse=True)
def _nothing_asked_yet(sender: Sender) -> None:
    sender.asked.clear()
    sender.statuses.clear()
    sender.answering.set()


async def accepted(house: RepairHouse) -> str:
    application_id = (await house.party().submit(house.catalog.hold(house.today(), SLIGHT))).application_id
    await house.officer().accept(application_id)
    return application_id


def entries(house: RepairHouse) -> int:
    return house.sql("SELECT count(*) FROM journal WHERE kind = 'RepairWorker.TellParty'", role="admin")[0][0]


async def test_a_party_is_told_to_sign_in_and_nothing_else(house: RepairHouse, sender: Sender) -> None:
    before = entries(house)
    application_id = await accepted(house)
    await eventually(lambda: sender.asked, within=10)
    ((headers, body),) = sender.asked  # its own step of handing in told nobody
    assert body == {"identifier_kind": PARTY.kind.value, "identifier": PARTY.value.reveal(), "text": TEXT}
    assert headers["authorization"] == f"bearer {TOKEN}"
    assert headers["idempotency-key"] == f"{application_id}/2"
    assert entries(house) == before + 1
    assert not any("http" in text for text in TEXT.values())


async def test_a_sender_that_fails_is_asked_again_with_the_same_key(house: RepairHouse, sender: Sender) -> None:
    sender.statuses += [503, 500]
    application_id = await accepted(house)
    await eventually(lambda: len(sender.asked) == 3, within=20)
    assert {headers["idempotency-key"] for headers, _ in sender.asked} == {f"{application_id}/2"}


async def test_a_sender_that_cannot_reach_the_party_has_the_last_word(house: RepairHouse, sender: Sender) -> None:
    sender.statuses += [404]
    application_id = await accepted(house)
    await house.officer().decide(application_id, grant=False)
    await eventually(lambda: len(sender.asked) == 2, within=10)
    assert [headers["idempotency-key"] for headers, _ in sender.asked] == [f"{application_id}/2", f"{application_id}/3"]


async def test_a_sender_that_hangs_holds_up_no_withdrawal(house: RepairHouse, sender: Sender) -> None:
    sender.answering.clear()
    *_, last = [await accepted(house) for _ in range(9)]  # one more than the office does at once
    await eventually(lambda: sender.asked, within=10)
    record_id = (await house.officer().decide(last, grant=True)).record_id
    await eventually(lambda: [one for one in house.catalog.withdrawals if one.record_id == record_id], within=4)
    sender.answering.set()


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://sender.example/send", True),
        ("http://127.0.0.1:9/send", True),
        ("http://sender.example/send", False),
        ("http://127.0.0.1.sender.example/send", False),
        ("ftp://sender.example", False),
    ],
)
def test_a_sender_elsewhere_is_reached_over_tls_alone(url: str, taken: bool) -> None:
    with pytest.raises(ValidationError) as faults:  # other settings are missing in any case
        RepairSettings.model_validate({"messenger_url": url})
    assert (("messenger_url",) not in [fault["loc"] for fault in faults.value.errors()]) == taken
