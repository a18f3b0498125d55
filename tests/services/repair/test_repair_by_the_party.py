"""The party's side: eligibility, application, evidence, what is another's."""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import grpc
import pytest

from chengxin.repair.v1 import repair_pb2
from foundation.access import Caller, Person
from foundation.calendar import load_calendar
from foundation.crypto import DossierKeys, FileKeyProvider, Keyring
from foundation.evidence import FileHeader, MediaType, Uploads
from foundation.identity import Identifier
from foundation.journal import Journal
from foundation.policy import load_policy
from foundation.reasons import EVIDENCE_TOO_SLOW
from foundation.refusal import Refused
from foundation.rpc import Call
from foundation.settings import LAW
from services.repair.domain.deadlines import Deadlines
from services.repair.neighbours import Catalog
from services.repair.office import RepairOffice
from services.repair.store import TABLE, Store
from tests.services.repair.harness import DEPLOYMENT, MiB, RefusedByOffice, RepairHouse
from tests.services.repair.neighbours import ORDINARY, SERIOUS, SLIGHT
from tests.services.repair.parties import AUTHORITY, HOUSE, OTHER_PARTY, PARTY, company

DAY = timedelta(days=1)


async def test_eligibility_is_answered_at_once_with_the_earliest_day(house: RepairHouse) -> None:
    today = house.today()
    record_id = house.catalog.hold(today - 10 * DAY, ORDINARY)
    answer = await house.party().check(record_id)
    record, _ = house.catalog.records[record_id]
    assert not answer.eligible
    assert [one.reason for one in answer.reasons] == ["MINIMUM_PUBLICITY_NOT_REACHED"]
    assert answer.earliest_on == record.earliest_repair_on
    assert answer.ends_before == record.ends_before
    assert answer.determining_authority == AUTHORITY
    assert any("信用承诺" in need for need in answer.requirements)
    assert answer.receipt.source == "repair"


async def test_a_slight_finding_may_be_repaired_at_once(house: RepairHouse) -> None:
    answer = await house.party().check(house.catalog.hold(house.today(), SLIGHT))
    assert answer.eligible
    assert not answer.reasons


@pytest.mark.parametrize(
    ("reason", "held"),
    [
        ("MINIMUM_PUBLICITY_NOT_REACHED", lambda h: h.catalog.hold(h.today() - 300 * DAY, SERIOUS)),
        ("UNREPAIRABLE_BY_LAW", lambda h: h.catalog.hold(h.today() - DAY, SLIGHT, unrepairable=True)),
        ("NOT_A_NEGATIVE_FINDING", lambda h: h.catalog.hold(h.today() - DAY, 0)),
        ("RECORD_ENDED", lambda h: h.catalog.hold(h.today() - 400 * DAY, ORDINARY)),
    ],
)
async def test_what_cannot_be_repaired_cannot_be_applied_for(house: RepairHouse, reason: str, held: object) -> None:
    record_id = held(house)  # type: ignore[operator]
    assert reason in [one.reason for one in (await house.party().check(record_id)).reasons]
    with pytest.raises(RefusedByOffice) as refused:
        await house.party().submit(record_id)
    assert (refused.value.reason, refused.value.code) == (reason, grpc.StatusCode.FAILED_PRECONDITION)


async def test_an_application_is_dated_by_the_house_and_shows_when_acceptance_is_due(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    application = await house.party().submit(record_id, correction="  已改正。\n")
    assert application.state == repair_pb2.APPLICATION_STATE_SUBMITTED
    assert application.record_id == record_id
    assert application.determining_authority == AUTHORITY
    assert application.correction == "  已改正。\n"
    assert application.due_on > house.today().isoformat()
    assert not application.overdue
    assert str(house.catalog.matters[-1]) == application.application_id
    assert await house.party().get(application.application_id) == application


async def test_a_double_click_makes_one_application(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    made = await asyncio.gather(*(house.party().submit(record_id, key="click") for _ in range(6)))
    assert len({one.application_id for one in made}) == 1
    assert [one.record_id for one in await house.party().list()].count(record_id) == 1


async def test_the_same_key_of_another_party_is_another_application(house: RepairHouse) -> None:
    ours = await house.party().submit(house.catalog.hold(house.today(), SLIGHT), key="key-1")
    record_id = house.catalog.hold(house.today(), SLIGHT, party=OTHER_PARTY)
    theirs = await house.party(OTHER_PARTY).submit(record_id, key="key-1")
    assert ours.application_id != theirs.application_id


async def test_a_key_names_one_record(house: RepairHouse) -> None:
    await house.party().submit(house.catalog.hold(house.today(), SLIGHT), key="key-2")
    with pytest.raises(RefusedByOffice) as refused:
        await house.party().submit(house.catalog.hold(house.today(), SLIGHT), key="key-2")
    assert (refused.value.reason, refused.value.code) == ("IDEMPOTENCY_KEY_REUSED", grpc.StatusCode.ALREADY_EXISTS)


async def test_a_repeated_key_gives_its_application_even_when_the_catalog_is_away(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    first = await house.party().submit(record_id, key="key-3")
    await house.catalog.close()
    try:
        assert await house.party().submit(record_id, key="key-3") == first
        with pytest.raises(RefusedByOffice) as refused:
            await house.party().check(record_id)
        assert refused.value.code is grpc.StatusCode.UNAVAILABLE
    finally:
        await house.catalog.open()


async def test_one_application_about_a_record_is_open_at_a_time(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    results = await asyncio.gather(*(house.party().submit(record_id) for _ in range(4)), return_exceptions=True)
    refused = [one for one in results if isinstance(one, RefusedByOffice)]
    assert {one.reason for one in refused} == {"APPLICATION_ALREADY_OPEN"}
    assert len(refused) == 3
    assert [one.reason for one in (await house.party().check(record_id)).reasons] == ["APPLICATION_ALREADY_OPEN"]


async def test_the_commitment_and_the_account_are_asked_for(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    for changes, reason in (
        ({"commitment": False}, "COMMITMENT_REQUIRED"),
        ({"correction": "  "}, "VALUE_REQUIRED"),
        ({"correction": "改" * 4001}, "VALUE_INVALID"),
        ({"key": "with space"}, "VALUE_INVALID"),
    ):
        with pytest.raises(RefusedByOffice) as refused:
            await house.party().submit(record_id, **changes)  # type: ignore[arg-type]
        assert (refused.value.reason, refused.value.code) == (reason, grpc.StatusCode.INVALID_ARGUMENT)


async def test_anothers_record_is_answered_as_if_it_did_not_exist(house: RepairHouse) -> None:
    theirs = house.catalog.hold(house.today(), SLIGHT, party=OTHER_PARTY)
    answers = set()
    for record_id in (theirs, str(uuid.uuid4()), "nonsense"):
        for act in (house.party().check, house.party().submit):
            with pytest.raises(RefusedByOffice) as refused:
                await act(record_id)
            answers.add((refused.value.code, refused.value.reason, refused.value.text))
    assert len(answers) == 1
    assert answers.pop()[0] is grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("bucket", ["another bucket", "the same bucket"])
async def test_anothers_application_is_answered_as_if_it_did_not_exist(house: RepairHouse, bucket: str) -> None:
    other = OTHER_PARTY if bucket == "another bucket" else await in_the_same_bucket(house, PARTY)
    record_id = house.catalog.hold(house.today(), SLIGHT, party=other)
    theirs = await house.party(other).submit(record_id)
    unknown = theirs.application_id[:2] + str(uuid.uuid4())[2:]
    me = house.party()
    for act in (me.get, me.withdraw, lambda one: me.upload(one, b"text")):
        answers = set()
        for application_id in (theirs.application_id, unknown):
            with pytest.raises(RefusedByOffice) as refused:
                await act(application_id)
            answers.add((refused.value.code, refused.value.reason, refused.value.text))
        assert len(answers) == 1
        assert answers.pop()[:2] == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")
    assert theirs.application_id not in {one.application_id for one in await me.list()}
    assert (await house.party(other).get(theirs.application_id)).state == theirs.state


async def in_the_same_bucket(house: RepairHouse, party: Identifier) -> Identifier:
    """Another party whose rows lie beside this one's."""
    database = house.database.open("repair_app", pool=2)
    keys = DossierKeys(Keyring(FileKeyProvider(house.folder / "keys"), database), DEPLOYMENT, TABLE)
    try:
        wanted = await keys.bucket(party)
        for number in range(1000, 9000):
            if await keys.bucket(company(number)) == wanted:
                return company(number)
        raise AssertionError("no party found")
    finally:
        await database.close()


async def test_an_application_taken_back_makes_room_for_another(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    first = await house.party().submit(record_id)
    taken_back = await house.party().withdraw(first.application_id)
    assert taken_back.state == repair_pb2.APPLICATION_STATE_WITHDRAWN
    assert taken_back.due_on == ""
    again = await house.party().submit(record_id)
    assert again.application_id != first.application_id
    with pytest.raises(RefusedByOffice) as refused:
        await house.party().withdraw(first.application_id)
    assert refused.value.reason == "STEP_OUT_OF_ORDER"


async def test_only_a_person_at_the_gateway_acts_as_a_party(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    for voice, reason in (
        (house.system("gateway"), "ASSERTION_REQUIRED"),
        (house.system("consumer"), "ROLE_REQUIRED"),
        (house.officer(), "ROLE_REQUIRED"),
    ):
        with pytest.raises(RefusedByOffice) as refused:
            await voice.submit(record_id)
        assert refused.value.reason == reason


async def test_evidence_of_every_kind_is_kept_and_counted(house: RepairHouse) -> None:
    application = await house.party().submit(house.catalog.hold(house.today(), SLIGHT))
    files = {
        "application/pdf": b"%PDF-1.7\n" + b"x" * (5 * MiB),
        "image/png": b"\x89PNG\r\n\x1a\n" + bytes(1000),
        "image/jpeg": b"\xff\xd8\xff\xe0" + bytes(1000),
        "text/plain": "回执".encode(),
    }
    for media_type, content in files.items():
        stored = await house.party().upload(application.application_id, content, media_type=media_type)
        assert stored.sha256 == hashlib.sha256(content).digest()
        assert stored.size == len(content)
    assert (await house.party().get(application.application_id)).evidence_count == 4


async def test_the_same_file_again_is_the_file_that_is_there(house: RepairHouse) -> None:
    application = await house.party().submit(house.catalog.hold(house.today(), SLIGHT))
    first = await house.party().upload(application.application_id, b"receipt")
    assert await house.party().upload(application.application_id, b"receipt") == first
    assert (await house.party().get(application.application_id)).evidence_count == 1


async def test_a_file_of_20_mib_is_taken_and_one_byte_more_is_not(house: RepairHouse) -> None:
    application = await house.party().submit(house.catalog.hold(house.today(), SLIGHT))
    largest = b"a" * (20 * MiB)
    stored = await house.party().upload(application.application_id, largest, piece=256 * 1024)
    assert stored.size == 20 * MiB
    with pytest.raises(RefusedByOffice) as refused:
        await house.party().upload(application.application_id, largest + b"b", piece=256 * 1024)
    assert refused.value.reason == "EVIDENCE_TOO_LARGE"


async def test_uploads_out_of_form_are_refused_and_nothing_is_kept(house: RepairHouse) -> None:
    me = house.party()
    application_id = (await me.submit(house.catalog.hold(house.today(), SLIGHT))).application_id
    header = repair_pb2.UploadEvidenceRequest(header=repair_pb2.EvidenceUpload(application_id=application_id))
    header.header.evidence.file_name = "a.txt"
    header.header.evidence.media_type = "text/plain"
    header.header.evidence.description = "d"
    piece = repair_pb2.UploadEvidenceRequest(content=b"text")
    for parts, reason in (
        ([], "EVIDENCE_OUT_OF_ORDER"),
        ([piece], "EVIDENCE_OUT_OF_ORDER"),
        ([header], "EVIDENCE_OUT_OF_ORDER"),
        ([header, header], "EVIDENCE_OUT_OF_ORDER"),
        ([header, piece, header], "EVIDENCE_OUT_OF_ORDER"),
        ([header, repair_pb2.UploadEvidenceRequest(content=b"a" * (256 * 1024 + 1))], "EVIDENCE_TOO_LARGE"),
    ):
        with pytest.raises(RefusedByOffice) as refused:
            await me.send(parts)
        assert refused.value.reason == reason
    for content, media_type, reason in (
        (b"MZ\x90\x00", "application/pdf", "EVIDENCE_TYPE"),
        (b"%PDF-1.7", "text/plain", "EVIDENCE_TYPE"),
        (b"PK\x03\x04", "application/zip", "EVIDENCE_TYPE"),
    ):
        with pytest.raises(RefusedByOffice) as refused:
            await me.upload(application_id, content, media_type=media_type)
        assert refused.value.reason == reason
    assert (await me.get(application_id)).evidence_count == 0


async def test_an_application_takes_twenty_files(house: RepairHouse) -> None:
    me = house.party()
    application_id = (await me.submit(house.catalog.hold(house.today(), SLIGHT))).application_id
    for number in range(20):
        await me.upload(application_id, f"receipt {number}".encode())
    with pytest.raises(RefusedByOffice) as refused:
        await me.upload(application_id, b"one more")
    assert refused.value.reason == "EVIDENCE_TOO_MANY"


async def test_evidence_comes_too_late_once_the_application_is_over(house: RepairHouse) -> None:
    me = house.party()
    application_id = (await me.submit(house.catalog.hold(house.today(), SLIGHT))).application_id
    await me.withdraw(application_id)
    with pytest.raises(RefusedByOffice) as refused:
        await me.upload(application_id, b"late")
    assert refused.value.reason == "STEP_OUT_OF_ORDER"


async def test_a_party_sees_its_applications_next_deadline_first(house: RepairHouse) -> None:
    party = company(77)
    voice = house.party(party)
    ids = [
        (await voice.submit(house.catalog.hold(house.today(), SLIGHT, party=party))).application_id for _ in range(3)
    ]
    await house.officer().accept(ids[0])
    await voice.withdraw(ids[1])
    assert [one.application_id for one in await voice.list()] == [ids[2], ids[0], ids[1]]
    assert party != PARTY


async def test_a_slow_upload_is_ended_and_nothing_is_kept(house: RepairHouse) -> None:
    application_id = (await house.party().submit(house.catalog.hold(house.today(), SLIGHT))).application_id
    database = house.database.open("repair_app", pool=2)
    keyring = Keyring(FileKeyProvider(house.folder / "keys"), database)
    channel = grpc.aio.insecure_channel(house.catalog.address)
    office = RepairOffice(
        database=database,
        journal=Journal(keyring, "repair"),
        store=Store(DossierKeys(keyring, DEPLOYMENT, TABLE), os.urandom),
        deadlines=Deadlines(load_policy(LAW), load_calendar(LAW)),
        catalog=Catalog(channel),
        uploads=Uploads(upload_s=0.05),
    )
    gateway = Caller(authority=HOUSE, system="gateway", fingerprint=bytes(32), roles=frozenset({"gateway"}))
    call = Call(caller=gateway, method="RepairService.UploadEvidence", person=Person(identifier=PARTY, name=""))

    async def dribble() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.Event().wait()

    header = FileHeader(file_name="a", media_type=MediaType.TEXT, description="d")
    try:
        with pytest.raises(Refused) as refused:
            await office.add_evidence(call, uuid.UUID(application_id), header, dribble())
        assert refused.value.reason is EVIDENCE_TOO_SLOW
    finally:
        await channel.close()
        await database.close()
    assert (await house.party().get(application_id)).evidence_count == 0
