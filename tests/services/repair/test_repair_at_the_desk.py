"""What an application is judged by, for its authority and its party alone; officials and clerks at the gateway."""

from __future__ import annotations

import hashlib
import uuid

import pytest
from grpc import StatusCode
from grpc.aio import AioRpcError

from chengxin.repair.v1 import desk_pb2, desk_pb2_grpc
from foundation.crypto import FileKeyProvider, Keyring
from foundation.journal import JournalReader
from tests.services.repair.harness import MiB, RefusedByOffice, RepairHouse, Voice
from tests.services.repair.neighbours import SLIGHT
from tests.services.repair.parties import AUTHORITY, HOUSE, OTHER_AUTHORITY, OTHER_PARTY, company
from tests.services.repair.test_repair_is_journalled import entries_about

CONTENT = "样例回执\n".encode() * 40_000


def desk(house: RepairHouse, voice: Voice, system: str) -> Voice:
    """The same voice, speaking to the other service."""
    return Voice(desk_pb2_grpc.RepairDeskServiceStub(house.channels[system]), voice.assertion)


async def examined(voice: Voice, application_id: str) -> desk_pb2.ExamineApplicationResponse:
    return await voice.ask("ExamineApplication", desk_pb2.ExamineApplicationRequest(application_id=application_id))


async def read(voice: Voice, application_id: str, evidence_id: str) -> tuple[desk_pb2.EvidenceFile, bytes]:
    request = desk_pb2.ReadEvidenceRequest(application_id=application_id, evidence_id=evidence_id)
    call = voice.stub.ReadEvidence(request, metadata=[("chengxin-assertion", voice.assertion() or "")], timeout=10)
    parts = [part async for part in call]
    assert all(len(part.content) <= MiB // 4 for part in parts)
    assert parts[0].receipt.entry_id
    return parts[0].file, b"".join(part.content for part in parts[1:])


async def test_an_application_stands_beside_its_record_rules_and_evidence(house: RepairHouse) -> None:
    party = company(701)
    me, officer = house.party(party), house.officer()
    record_id = house.catalog.hold(house.today(), SLIGHT, party=party)
    application_id = (await me.submit(record_id)).application_id
    sent = await me.upload(application_id, CONTENT)
    shown = await examined(desk(house, officer, "repairs"), application_id)
    assert shown.application.correction == "罚款已缴清。"
    assert (shown.record.record_id, shown.record.severity, list(shown.obstacles)) == (record_id, SLIGHT, [])
    (file,) = shown.evidence
    assert (file.evidence_id, file.header.file_name, file.size) == (sent.evidence_id, "回执.txt", len(CONTENT))
    assert file.sha256 == hashlib.sha256(CONTENT).digest()
    for voice, system in ((officer, "repairs"), (me, "gateway")):
        assert (await read(desk(house, voice, system), application_id, file.evidence_id))[1] == CONTENT
    kinds = [kind for kind, decision in await entries_about(house, party) if decision == "answered"]
    assert kinds.count("RepairDeskService.ReadEvidence") == 2
    assert kinds.count("RepairDeskService.ExamineApplication") == 1


async def test_evidence_of_another_is_answered_like_none(house: RepairHouse) -> None:
    party = company(702)
    me = house.party(party)
    application_id = (await me.submit(house.catalog.hold(house.today(), SLIGHT, party=party))).application_id
    other_id = (await me.submit(house.catalog.hold(house.today(), SLIGHT, party=party))).application_id
    evidence_id = (await me.upload(application_id, b"receipt")).evidence_id
    strangers = [
        desk(house, house.party(OTHER_PARTY), "gateway"),
        desk(house, house.officer(OTHER_AUTHORITY), "other-repairs"),
        desk(house, house.at_the_gateway(OTHER_AUTHORITY), "gateway"),
    ]
    asked = [(stranger, application_id, evidence_id) for stranger in strangers]
    asked += [(desk(house, me, "gateway"), other_id, evidence_id)]
    asked += [(desk(house, me, "gateway"), application_id, str(uuid.uuid4()))]
    for voice, application, evidence in asked:
        with pytest.raises(AioRpcError) as refused:
            await read(voice, application, evidence)
        assert refused.value.code() is StatusCode.NOT_FOUND


async def test_an_official_at_the_gateway_acts_for_the_authority_that_signs_for_him(house: RepairHouse) -> None:
    party = company(703)
    record_id = house.catalog.hold(house.today(), SLIGHT, party=party)
    application_id = (await house.party(party).submit(record_id)).application_id
    assert application_id in [one.application_id for one in await house.at_the_gateway().list()]
    assert application_id not in [one.application_id for one in await house.at_the_gateway(OTHER_AUTHORITY).list()]
    await house.at_the_gateway().accept(application_id)
    with pytest.raises(RefusedByOffice) as refused:
        await house.at_the_gateway(OTHER_AUTHORITY).decide(application_id, grant=True)
    assert refused.value.reason == "NOT_FOUND"
    (entry,) = house.sql(
        "SELECT j.authority, j.fingerprint FROM journal j WHERE kind = 'RepairService.AcceptApplication'"
        " AND decision = 'changed' ORDER BY entry_id DESC LIMIT 1",
        role="admin",
    )
    assert entry == (AUTHORITY, house.identities.enrolments["gateway"].fingerprint)


@pytest.mark.parametrize(
    ("authority", "roles"),
    [
        (HOUSE, ("repair_officer",)),  # no system of it is enrolled for repairs
        (company(900_000_009).value.reveal(), ("repair_officer",)),  # nobody of it is enrolled at all
        (AUTHORITY, ("auditor",)),  # of another office
        (AUTHORITY, ("steward", "decider", "case_officer")),  # roles that the gateway carries for nobody
        (AUTHORITY, ("gateway",)),
    ],
)
async def test_the_gateway_lends_an_official_nothing(
    house: RepairHouse, authority: str, roles: tuple[str, ...]
) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await house.at_the_gateway(authority, *roles).list()
    assert refused.value.reason == "OFFICER_ROLE_REQUIRED"


async def test_any_other_system_speaks_for_its_own_authority_alone(house: RepairHouse) -> None:
    with pytest.raises(RefusedByOffice) as refused:
        await house.officer_elsewhere().list()
    assert refused.value.reason == "OFFICER_ROLE_REQUIRED"


async def test_what_a_clerk_does_for_a_party_names_the_clerk_and_his_authority(house: RepairHouse) -> None:
    party = company(704)
    record_id = house.catalog.hold(house.today(), SLIGHT, party=party)
    desk_of = house.at_a_desk(party, AUTHORITY)
    await desk_of.check(record_id)
    await desk_of.list()
    application_id = (await desk_of.submit(record_id)).application_id
    assert (await house.party(party).get(application_id)).application_id == application_id  # it is the party's own
    with pytest.raises(RefusedByOffice):
        await house.at_a_desk(company(705), AUTHORITY).get(application_id)  # no right but the party's
    reader = JournalReader(Keyring(FileKeyProvider(house.folder / "keys"), opened := house.database.open("repair_app")))
    try:
        clerk = await reader.officer_tag("clerk-1")
        rows = house.sql(
            "SELECT j.kind, j.decision, j.authority, j.fingerprint, p.officer_tag, p.salt, p.sealed, j.purpose"
            " FROM journal j JOIN journal_private p USING (bucket, entry_id) WHERE p.subject_tag = %s"
            " ORDER BY j.entry_id",
            await reader.tag(party),
            role="admin",
        )
        parts = [await reader.open(bytes(row[5]), bytes(row[6])) for row in rows]
        seen = house.sql("SELECT kind FROM look WHERE officer_tag = %s ORDER BY entry_id", clerk, role="admin")
        refusal = house.sql(
            "SELECT j.authority, p.officer_tag FROM journal j JOIN journal_private p USING (bucket, entry_id)"
            " WHERE j.kind = 'RepairService.GetApplication' AND j.decision = 'refused' ORDER BY entry_id DESC LIMIT 1",
            role="admin",
        )
    finally:
        await opened.close()
    gateway = house.identities.enrolments["gateway"].fingerprint
    check, listed, submit, own = [(*row[:4], row[4] == clerk, row[7]) for row in rows]
    assert check == ("RepairService.CheckEligibility", "answered", AUTHORITY, gateway, True, "own")
    assert listed == ("RepairService.ListApplications", "answered", AUTHORITY, gateway, True, "own")
    assert submit == ("RepairService.SubmitApplication", "changed", AUTHORITY, gateway, True, "own")
    assert own == ("RepairService.GetApplication", "answered", HOUSE, gateway, False, "own")
    assert [part.officer.reveal() for part in parts] == ["clerk-1", "clerk-1", "clerk-1", ""]
    assert [part.matter.reveal() for part in parts[:2]] == [
        "样例-窗口-7 repair eligibility",
        "样例-窗口-7 own applications",
    ]
    assert seen == [("RepairService.CheckEligibility",), ("RepairService.ListApplications",)]  # to the detectors, looks
    assert refusal == [(AUTHORITY, clerk)]


@pytest.mark.parametrize(
    ("authority", "matter", "by", "reason"),
    [
        (OTHER_AUTHORITY, "7", "gateway", "OFFICER_ROLE_REQUIRED"),  # enrolled, and no desk
        (HOUSE, "7", "gateway", "OFFICER_ROLE_REQUIRED"),  # the gateway's own authority
        (company(900_000_009).value.reveal(), "7", "gateway", "OFFICER_ROLE_REQUIRED"),
        (AUTHORITY, "", "gateway", "ASSERTION_INVALID"),
        (AUTHORITY, "7", "repairs", "ASSERTION_INVALID"),  # bound to another certificate
    ],
)
async def test_no_other_desk_acts_for_anybody(
    house: RepairHouse, authority: str, matter: str, by: str, reason: str
) -> None:
    clerk = {"sub": "clerk-1", "authority": authority, "matter": matter}
    voice = house.at_a_desk(company(706), AUTHORITY)
    forged = Voice(voice.stub, lambda: house.identities.person(company(706), by=by, assistant=clerk))
    with pytest.raises(RefusedByOffice) as refused:
        await forged.list()
    assert refused.value.reason == reason


async def test_a_desks_own_system_acts_for_nobody(house: RepairHouse) -> None:
    clerk = {"sub": "clerk-1", "authority": AUTHORITY, "matter": "7"}
    mine = house.system("repairs")
    voice = Voice(mine.stub, lambda: house.identities.person(company(707), by="repairs", assistant=clerk))
    with pytest.raises(RefusedByOffice) as refused:
        await voice.list()
    assert refused.value.reason == "ROLE_REQUIRED"
