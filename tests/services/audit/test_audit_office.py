"""The audit office as its callers meet it: over mutual TLS, and its log over plain HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
from typer.testing import CliRunner

from chengxin.audit.v1 import audit_pb2
from chengxin.cli.audit import app
from chengxin.proofs import note, verify_checkpoint, verify_consistency, verify_inclusion, verify_receipt
from foundation.rpc.messages import identifier_message
from tests.services.audit.journals import DEPARTMENT, ORIGIN, PARTY, VKEY, Journals, company
from tests.services.audit.process import AUDITORS, HOUSE, AuditProcess, RefusedByOffice, running
from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def office(
    schema_db: Callable[..., SchemaDatabase], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[AuditProcess]:
    folder = tmp_path_factory.mktemp("audit")
    journals = Journals(schema_db("audit", "repair"), folder / "keys")
    async with running(folder, journals) as process:
        yield process
    journals.assert_append_only()
    await journals.close()


async def checkpoint(office: AuditProcess) -> audit_pb2.GetCheckpointResponse:
    return await office.ask("consumer", "GetCheckpoint", audit_pb2.GetCheckpointRequest())


async def receipt_of(office: AuditProcess, source: str, named: Any) -> audit_pb2.GetReceiptResponse:
    """The receipt, once the checkpoint over it is out."""
    request = audit_pb2.GetReceiptRequest(source=source, entry_id=named.entry_id, digest=named.digest)

    async def asked() -> audit_pb2.GetReceiptResponse | None:
        try:
            return await office.ask("consumer", "GetReceipt", request)
        except RefusedByOffice as refused:
            if refused.reason != "LOG_NOT_READY":
                raise
            return None

    return await eventually(asked)  # type: ignore[return-value]


async def test_a_department_gets_the_receipt_of_its_answer_and_verifies_it(office: AuditProcess) -> None:
    named = await office.journals.look()
    got = await receipt_of(office, "repair", named)
    proved = verify_receipt(got.receipt, (await checkpoint(office)).vkey, got.entry)
    assert (proved.head.origin, (await checkpoint(office)).vkey) == (ORIGIN, VKEY)


async def test_a_party_gets_the_receipt_of_a_look_at_it_and_nobody_else_s(office: AuditProcess) -> None:
    named = await office.journals.look()
    await receipt_of(office, "repair", named)
    request = audit_pb2.GetReceiptRequest(source="repair", entry_id=named.entry_id)
    got = await office.ask("gateway", "GetReceipt", request, party=PARTY)
    verify_receipt(got.receipt, VKEY, got.entry)
    with pytest.raises(RefusedByOffice) as refusal:
        await office.ask("gateway", "GetReceipt", request, party=company(900_000_099))
    assert refusal.value.reason == "RECEIPT_UNKNOWN"


async def test_another_digest_gets_nothing(office: AuditProcess) -> None:
    named = await office.journals.look()
    request = audit_pb2.GetReceiptRequest(source="repair", entry_id=named.entry_id, digest=bytes(32))
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("consumer", "GetReceipt", request)
    assert refused.value.reason == "RECEIPT_UNKNOWN"


async def test_proofs_by_rpc_verify_against_the_checkpoint(office: AuditProcess) -> None:
    for _ in range(3):
        await receipt_of(office, "repair", await office.journals.look())
    signed = await checkpoint(office)
    head = verify_checkpoint(signed.checkpoint, signed.vkey)
    included = await office.ask(
        "consumer", "GetInclusionProof", audit_pb2.GetInclusionProofRequest(leaf_index=1, tree_size=head.size)
    )
    verify_inclusion(included.leaf_hash, 1, head.size, included.proof, head.root)
    consistent = await office.ask(
        "consumer", "GetConsistencyProof", audit_pb2.GetConsistencyProofRequest(size1=2, size2=head.size)
    )
    verify_consistency(2, head.size, consistent.proof, consistent.root1, head.root)
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("consumer", "GetConsistencyProof", audit_pb2.GetConsistencyProofRequest())
    assert refused.value.reason == "LOG_RANGE"


async def test_an_auditor_searches_and_the_search_has_a_receipt_too(office: AuditProcess) -> None:
    await receipt_of(office, "repair", await office.journals.look())
    request = audit_pb2.SearchAccessesRequest(authority=DEPARTMENT, page_size=1)
    found = await office.ask("auditor", "SearchAccesses", request)
    [access] = found.accesses
    assert (access.source, access.officer, access.matter) == ("repair", "official Li", "T-1")
    assert access.log_index >= 0
    got = await receipt_of(office, "audit", found.receipt)
    assert AUDITORS.encode() in got.entry


async def test_only_an_auditor_s_system_searches_and_the_attempt_is_journalled(office: AuditProcess) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("consumer", "SearchAccesses", audit_pb2.SearchAccessesRequest())
    assert refused.value.reason == "ROLE_REQUIRED"
    request = audit_pb2.SearchAccessesRequest(decision="refused", authority=DEPARTMENT)

    async def attempt_is_found() -> bool:
        found = await office.ask("auditor", "SearchAccesses", request)
        return any(access.reason == "ROLE_REQUIRED" for access in found.accesses)

    await eventually(attempt_is_found)


async def test_a_search_about_a_party_states_its_audit(office: AuditProcess) -> None:
    request = audit_pb2.SearchAccessesRequest(subject=identifier_message(PARTY))
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("auditor", "SearchAccesses", request)
    assert refused.value.reason == "BASIS_REQUIRED"
    request.basis = "audit 2026-7"
    await office.journals.look()
    found = await office.ask("auditor", "SearchAccesses", request)
    assert found.accesses[0].kind == "RepairService.CheckEligibility"


@pytest.mark.parametrize(
    "request_",
    [
        audit_pb2.SearchAccessesRequest(page_size=1_001),
        audit_pb2.SearchAccessesRequest(page_size=-1),
        audit_pb2.SearchAccessesRequest(decision="perhaps"),
        audit_pb2.SearchAccessesRequest(basis="x" * 101),
        audit_pb2.SearchAccessesRequest(to={"seconds": 10**15}),
    ],
)
async def test_a_search_outside_the_contract_is_refused(
    office: AuditProcess, request_: audit_pb2.SearchAccessesRequest
) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await office.ask("auditor", "SearchAccesses", request_)
    assert refused.value.reason == "VALUE_INVALID"


async def test_a_party_at_the_gateway_sees_who_looked_at_it(office: AuditProcess) -> None:
    await office.journals.look()
    request = audit_pb2.ListAccessesToSubjectRequest()
    shown = await office.ask("gateway", "ListAccessesToSubject", request, party=PARTY)
    looked = [access for access in shown.accesses if access.kind == "RepairService.CheckEligibility"]
    assert looked
    assert {access.officer for access in looked} == {""}
    got = await receipt_of(office, "audit", shown.receipt)
    assert HOUSE.encode() in got.entry
    for system in ("gateway", "consumer"):
        with pytest.raises(RefusedByOffice):
            await office.ask(system, "ListAccessesToSubject", request)


async def test_the_whole_log_is_verified_over_http_by_the_command(office: AuditProcess) -> None:
    await receipt_of(office, "repair", await office.journals.look())
    vkey = (await checkpoint(office)).vkey
    result = CliRunner().invoke(app, ["verify", "--log", office.log_url, "--vkey", vkey])
    assert result.exit_code == 0, result.output
    assert "signature: verified" in result.stdout


async def test_the_public_door_serves_checkpoint_and_hash_tiles_and_nothing_else(office: AuditProcess) -> None:
    await receipt_of(office, "repair", await office.journals.look())
    async with httpx.AsyncClient(base_url=office.log_url) as client:
        signed = await client.get("/checkpoint")
        assert signed.headers["content-type"] == "text/plain; charset=utf-8"
        assert note.verify(signed.text, [(await checkpoint(office)).vkey])
        tile = await client.get("/tile/0/000.p/1")
        assert (len(tile.content), tile.headers["content-type"]) == (32, "application/octet-stream")
        assert "immutable" in tile.headers["cache-control"]
        for path in ("/tile/entries/000", "/tile/0/000", "/tile/7/000.p/1", "/tile/0/0", "/", "/docs"):
            assert (await client.get(path)).status_code == 404
        assert (await client.post("/checkpoint")).status_code == 405
