"""Every look at a party and every change is an entry about that party; nothing personal stands anywhere in clear."""

from __future__ import annotations

import base64
import hashlib

import pytest

from chengxin.repair.v1 import repair_pb2
from foundation.crypto import FileKeyProvider, Keyring, OpenFailed
from foundation.journal import JournalReader
from services.repair.evidence_store import piece_column
from services.repair.keys import ApplicationKeys
from services.repair.store import Store
from tests.services.repair.harness import DEPLOYMENT, RefusedByOffice, RepairHouse
from tests.services.repair.neighbours import SLIGHT
from tests.services.repair.parties import OTHER_PARTY, company
from tests.support.eventually import eventually

CANARY = "金丝雀回执二〇二六"


async def entries_about(house: RepairHouse, party: object) -> list[tuple[str, str]]:
    """Kind and decision of every entry about a party, oldest first."""
    database = house.database.open("repair_app", pool=2)
    reader = JournalReader(Keyring(FileKeyProvider(house.folder / "keys"), database))
    try:
        tag = await reader.tag(party)  # type: ignore[arg-type]
    finally:
        await database.close()
    return house.sql(
        "SELECT j.kind, j.decision FROM journal j JOIN journal_private p USING (bucket, entry_id)"
        " WHERE p.subject_tag = %s ORDER BY j.entry_id",
        tag,
        role="admin",
    )


async def test_who_looked_and_who_decided_is_written_about_the_party(house: RepairHouse) -> None:
    party = company(501)
    me, officer = house.party(party), house.officer()
    record_id = house.catalog.hold(house.today(), SLIGHT, party=party)
    await me.check(record_id)
    application_id = (await me.submit(record_id)).application_id
    await me.upload(application_id, b"receipt")
    await officer.list()
    await officer.get(application_id)
    await officer.accept(application_id)
    await officer.decide(application_id, grant=True)

    async def carried_out() -> bool:
        return len(await entries_about(house, party)) == 7

    await eventually(carried_out, within=10)
    await me.get(application_id)
    await me.list()
    assert await entries_about(house, party) == [
        ("RepairService.CheckEligibility", "answered"),
        ("RepairService.SubmitApplication", "changed"),
        ("RepairService.UploadEvidence", "changed"),
        ("RepairService.GetApplication", "answered"),
        ("RepairService.AcceptApplication", "changed"),
        ("RepairService.DecideApplication", "changed"),
        ("RepairWorker.DeliverWithdrawal", "changed"),
        ("RepairService.GetApplication", "answered"),
        ("RepairService.ListApplications", "answered"),
    ]


async def test_a_receipt_names_an_entry_of_this_journal(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT)
    receipt = (await house.party().check(record_id)).receipt
    ((kind, digest),) = house.sql(
        "SELECT kind, digest FROM journal WHERE entry_id = %s", receipt.entry_id, role="admin"
    )
    assert (receipt.source, kind, bytes(digest)) == (
        "repair",
        "RepairService.CheckEligibility",
        receipt.digest,
    )


async def test_a_refused_attempt_is_an_entry_too(house: RepairHouse) -> None:
    theirs = house.catalog.hold(house.today(), SLIGHT, party=OTHER_PARTY)
    application_id = (await house.party(OTHER_PARTY).submit(theirs)).application_id
    with pytest.raises(RefusedByOffice):
        await house.officer().decide(application_id, grant=True)
    last = "SELECT kind, decision, reason FROM journal ORDER BY entry_id DESC LIMIT 1"
    assert house.sql(last, role="admin") == [
        ("RepairService.DecideApplication", "refused", "STEP_NOT_POSSIBLE")
    ]


async def test_an_answer_that_cannot_be_journalled_is_not_given(house: RepairHouse) -> None:
    application_id = (await house.party().submit(house.catalog.hold(house.today(), SLIGHT))).application_id
    house.sql("ALTER TABLE journal ADD CONSTRAINT no_more CHECK (false) NOT VALID", role="admin")
    try:
        for act in (house.party().get, house.officer().get, house.officer().accept):
            with pytest.raises(RefusedByOffice) as refused:
                await act(application_id)
            assert not refused.value.reason
        with pytest.raises(RefusedByOffice):
            await house.party().list()
    finally:
        house.sql("ALTER TABLE journal DROP CONSTRAINT no_more", role="admin")
    assert (await house.party().get(application_id)).state == repair_pb2.APPLICATION_STATE_SUBMITTED


async def test_nothing_that_people_wrote_or_are_named_by_stands_in_clear(house: RepairHouse) -> None:
    record_id = house.catalog.hold(house.today(), SLIGHT, party=OTHER_PARTY)
    me = house.party(OTHER_PARTY)
    application_id = (await me.submit(record_id, correction=CANARY)).application_id
    content = CANARY.encode() * 100
    await me.upload(application_id, content, file_name=f"{CANARY}.txt")
    await house.officer(subject="officer-canary-31").accept(application_id)
    await house.officer(subject="officer-canary-31").decide(
        application_id, grant=False, reasons=CANARY, verification=CANARY
    )
    stored = everything_stored(house) + house.log().encode()
    for secret in (CANARY, OTHER_PARTY.value, "officer-canary-31"):
        for trace in traces(secret):
            assert trace not in stored
    house.sql("INSERT INTO keyring (name, wrapped) VALUES ('planted', %s)", CANARY.encode())
    assert any(trace in everything_stored(house) for trace in traces(CANARY)), "a planted leak is found"


def traces(secret: str) -> list[bytes]:
    raw = secret.encode()
    forms = [raw, secret.encode("utf-16-le"), secret.encode("gb18030"), hashlib.sha256(raw).digest()]
    return forms + [form.hex().encode() for form in forms] + [base64.b64encode(raw)]


def everything_stored(house: RepairHouse) -> bytes:
    tables = house.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'repair'", role="admin")
    rows = [row for (name,) in tables for row in house.sql(f"SELECT t::text FROM {name} t", role="admin")]
    return "\n".join(row[0] for row in rows).encode()


async def test_what_was_sealed_opens_in_its_place_and_nowhere_else(house: RepairHouse) -> None:
    me = house.party()
    first = await me.submit(house.catalog.hold(house.today(), SLIGHT), correction="一")
    second = await me.submit(house.catalog.hold(house.today(), SLIGHT), correction="二")
    content = bytes(range(32, 127)) * 6000
    await me.upload(first.application_id, content)
    database = house.database.open("repair_app", pool=2)
    keys = ApplicationKeys(Keyring(FileKeyProvider(house.folder / "keys"), database), DEPLOYMENT)
    other_house = ApplicationKeys(Keyring(FileKeyProvider(house.folder / "keys"), database), "elsewhere")
    try:
        rows = {
            str(row[0]): row
            for row in house.sql("SELECT application_id, wrap, subject, correction FROM application")
        }
        one, two = rows[first.application_id], rows[second.application_id]
        dek = await keys.open(one[0], bytes(one[1]))
        assert dek.open("correction", bytes(one[3])) == "一"
        pieces = house.sql(
            "SELECT evidence_id, piece_no, content FROM evidence_piece WHERE application_id = %s ORDER BY 2",
            one[0],
        )
        assert len(pieces) == 3
        opened = [dek.open_bytes(piece_column(e, number), bytes(sealed)) for e, number, sealed in pieces]
        assert b"".join(opened) == content
        with pytest.raises(OpenFailed):
            dek.open("correction", bytes(two[3]))
        with pytest.raises(OpenFailed):
            dek.open("subject", bytes(one[3]))
        with pytest.raises(OpenFailed):
            dek.open_bytes(piece_column(pieces[0][0], 1), bytes(pieces[0][2]))
        with pytest.raises(OpenFailed):
            await keys.open(two[0], bytes(one[1]))
        with pytest.raises(OpenFailed):
            await other_house.open(one[0], bytes(one[1]))
    finally:
        await database.close()


async def test_a_tag_that_leads_to_anothers_application_gives_nothing(house: RepairHouse) -> None:
    theirs = await house.party(OTHER_PARTY).submit(
        house.catalog.hold(house.today(), SLIGHT, party=OTHER_PARTY)
    )
    database = house.database.open("repair_app", pool=2)
    try:
        keys = ApplicationKeys(Keyring(FileKeyProvider(house.folder / "keys"), database), DEPLOYMENT)
        real, mine = await keys.party(OTHER_PARTY), await keys.party(company(1))
        forged = type(mine)(mine.identifier, real.bucket, real.subject_tag)
        async with database.transaction() as tx:
            import uuid

            with pytest.raises(OpenFailed):
                await Store(keys).of_party(tx, forged, uuid.UUID(theirs.application_id))
            assert theirs.application_id not in {
                str(one.application_id) for one in await Store(keys).list_of_party(tx, forged)
            }
    finally:
        await database.close()
