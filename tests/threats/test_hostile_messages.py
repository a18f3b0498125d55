"""Messages made to break a server: each is refused, and the office answers the next caller."""

from __future__ import annotations

import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from chengxin.catalog.v1 import sharing_pb2, sharing_pb2_grpc
from tests.services.catalog.drafts import lawful
from tests.services.catalog.office import METHODS, CatalogOffice, context, identifier
from tests.services.catalog.requests import LAWFUL, PARTY, changed
from tests.support.catalog_house import uscc
from tests.support.identities import RefusedByOffice

CHECK = "/chengxin.catalog.v1.SharingService/CheckSubject"
MIB = 1024 * 1024


async def goes_on(office: CatalogOffice) -> None:
    """The office answers a lawful question."""
    assert (await office.check(PARTY)).receipt.entry_id


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def delimited(field: int, content: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(content)) + content


def nested(depth: int) -> bytes:
    """A message in a message in a message."""
    content = b""
    for _ in range(depth):
        content = delimited(1, content)
    return content


RAW: dict[str, bytes] = {
    "no message": os.urandom(64),
    "an endless number": b"\x08" + b"\xff" * 20,
    "a length beyond the end": b"\x0a\xff\xff\xff\xff\x07x",
    "a length below zero": b"\x0a" + b"\xff" * 9 + b"\x01",
    "groups within groups": b"\x0b" * 100_000,
    "a group without an end": b"\x0b",
    "an end without a group": b"\x0c",
    "messages within messages": nested(10_000),
    "text that is no UTF-8": delimited(1, delimited(1, b"\xff\xfe\xfd")),
    "a field with the number zero": b"\x02\x01x",
    "a wire type that is none": b"\x0f\x01",
}


@pytest.mark.parametrize("what", RAW)
async def test_bytes_that_are_no_message_are_refused_and_the_office_goes_on(office: CatalogOffice, what: str) -> None:
    before = office.last_entry()
    async with office.identities.channel("consumer", office.process.address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary(CHECK)(RAW[what], timeout=5)
    # grpc itself refuses what it can't parse, before any code of ours; it names the message and no value of it.
    assert refused.value.code() in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT)
    assert "Traceback" not in (refused.value.details() or "")
    assert office.entries_after(before) == []
    await goes_on(office)


async def test_fields_that_the_contract_does_not_have_change_nothing(office: CatalogOffice) -> None:
    request = LAWFUL["CheckSubject"]()
    unknown = delimited(1000, b"steward") + b"\xf8\x3f\x01" + delimited(2000, nested(50))
    async with office.identities.channel("consumer", office.process.address) as channel:
        answer = sharing_pb2.CheckSubjectResponse.FromString(
            await channel.unary_unary(CHECK)(request.SerializeToString() + unknown, timeout=5)
        )
    assert answer.receipt.entry_id
    assert (answer.found, list(answer.items)) == (False, [])


@pytest.mark.parametrize("kind", [0, 5, 99, 2**31 - 1, -1])
async def test_an_enum_value_that_the_contract_does_not_have_is_refused(office: CatalogOffice, kind: int) -> None:
    for method in ("CheckSubject", "GetCreditReport"):
        request = changed(method, subject__kind=kind)
        with pytest.raises(RefusedByOffice) as refused:
            await office.ask("consumer", method, request)
        assert refused.value.reason == "VALUE_REQUIRED"
    (result,) = await office.submit(lawful(lambda draft: setattr(draft, "severity", kind or 77)))
    assert result.refusal.reason
    assert not result.record_id


@pytest.mark.parametrize("size", [300_000, MIB + 1, 8 * MIB, 64 * MIB])
async def test_a_huge_message_is_refused_before_it_is_worked_on(office: CatalogOffice, size: int) -> None:
    request = changed("CheckSubject", context__matter="x" * size)
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("consumer", "CheckSubject", request)
    assert refused.value.code in (
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.UNAVAILABLE,
    )
    await goes_on(office)


def resident_bytes(office: CatalogOffice) -> int:
    """Memory that the office's process has."""
    process: Any = office.process._process
    fields = Path(f"/proc/{process.pid}/statm").read_text().split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("algorithm", [grpc.Compression.Gzip, grpc.Compression.Deflate])
async def test_a_compression_bomb_is_not_unpacked(office: CatalogOffice, algorithm: grpc.Compression) -> None:
    bomb = changed("CheckSubject", context__matter="x" * (64 * MIB))
    assert len(gzip.compress(bomb.SerializeToString(), 9)) < 256 * 1024
    before = resident_bytes(office)
    own = office.identities.folder / "consumer"
    credentials = grpc.ssl_channel_credentials(
        (own / "ca.pem").read_bytes(), (own / "key.pem").read_bytes(), (own / "cert.pem").read_bytes()
    )
    async with grpc.aio.secure_channel(office.process.address, credentials, compression=algorithm) as channel:
        stub = sharing_pb2_grpc.SharingServiceStub(channel)
        for _ in range(4):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stub.CheckSubject(bomb, timeout=10)  # type: ignore[misc]
            assert refused.value.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNIMPLEMENTED)
    assert resident_bytes(office) - before < 48 * MIB
    await goes_on(office)


@pytest.mark.parametrize("count", [200, 20_000])
async def test_a_metadata_bomb_is_refused_by_the_transport(office: CatalogOffice, count: int) -> None:
    bomb = tuple((f"x-{number}", "y" * 50) for number in range(count))
    before = office.last_entry()
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("consumer", "CheckSubject", LAWFUL["CheckSubject"](), metadata=bomb)
    assert refused.value.code is not grpc.StatusCode.OK
    assert office.entries_after(before) == []
    await goes_on(office)


@pytest.mark.parametrize("method", [name for name in METHODS if not METHODS[name].server_streaming][:6])
async def test_a_call_with_one_answer_needs_a_deadline_of_ten_seconds_at_most(
    office: CatalogOffice, method: str
) -> None:
    for timeout in (None, 11, 3600, 10**7):
        with pytest.raises(RefusedByOffice) as refused:
            await office.ask("consumer", method, LAWFUL[method](), timeout=timeout)
        assert refused.value.reason in ("DEADLINE_REQUIRED", "ROLE_REQUIRED")


async def test_a_caller_who_never_sends_the_rest_holds_nobody_up(office: CatalogOffice) -> None:
    hung = asyncio.Event()

    async def nothing() -> AsyncIterator[Any]:
        await hung.wait()
        yield  # never reached

    async with office.identities.channel("consumer", office.process.address) as channel:
        stub = sharing_pb2_grpc.SharingServiceStub(channel)
        held: list[Any] = [stub.CheckSubjects(nothing()) for _ in range(60)]
        answers = await asyncio.gather(*(office.check(identifier(uscc(7_500_000 + n))) for n in range(20)))
        assert all(answer.receipt.entry_id for answer in answers)
        for call in held:
            call.cancel()
    await goes_on(office)


async def test_a_flood_of_streams_on_one_connection_is_bounded_and_others_are_answered(office: CatalogOffice) -> None:
    async with office.identities.channel("consumer", office.process.address) as channel:
        stub = sharing_pb2_grpc.SharingServiceStub(channel)
        watch = sharing_pb2.WatchChangesRequest(context=context())
        flood: list[Any] = [stub.WatchChanges(watch) for _ in range(300)]
        begun = [asyncio.ensure_future(call.initial_metadata()) for call in flood]
        await goes_on(office)
        answers = await asyncio.gather(*(office.check(PARTY) for _ in range(20)))
        assert len(answers) == 20
        for call in flood:
            call.cancel()
        await asyncio.gather(*begun, return_exceptions=True)
    await goes_on(office)


async def test_a_stream_of_empty_batches_is_answered_and_ended_by_its_caller(office: CatalogOffice) -> None:
    empty = sharing_pb2.CheckSubjectsRequest(context=context())
    answers = await office.ask("consumer", "CheckSubjects", *([empty] * 500), timeout=30)
    assert all(not answer.answers for answer in answers)
    await goes_on(office)


async def test_a_method_that_is_not_there_is_unimplemented_and_nothing_else(office: CatalogOffice) -> None:
    async with office.identities.channel("consumer", office.process.address) as channel:
        for path in (
            "/chengxin.catalog.v1.SharingService/Dump",
            "/x/y",
            "/",
            "/chengxin.catalog.v1.AccessService/../x",
        ):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await channel.unary_unary(path)(b"", timeout=5)
            assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
        for path in ("/grpc.channelz.v1.Channelz/GetTopChannels",):
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await channel.unary_unary(path)(b"", timeout=5)
            assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED


HOSTILE = [
    'x\n{"level": "error", "event": "forged"}',
    "x\r\nforged",
    "x\x1b[2Jforged",
    "x\u2028forged",
    "=HYPERLINK(1)forged",
    "'; DROP TABLE journal; --forged",
    "\x00forged",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_a_caller_writes_makes_no_line_in_the_log_and_no_statement(office: CatalogOffice, text: str) -> None:
    rows = office.last_entry()
    fields = ("matter", "officer", "purpose", "query_id")
    for field in fields:
        request = changed("CheckSubject", **{f"context__{field}": text})
        try:
            await office.ask("consumer", "CheckSubject", request)
        except RefusedByOffice as refused:
            assert "forged" not in refused.text  # noqa: PT017 - either way it must not come back
    assert office.last_entry() > rows
    for line in office.process.log.splitlines():
        assert "forged" not in line
    await goes_on(office)
