"""Every look at a party and every change is an entry about that party; nothing personal stands anywhere in clear."""

from __future__ import annotations

import base64
import hashlib
import os
import uuid

import pytest

from chengxin.repair.v1 import repair_pb2
from foundation.crypto import DossierKeys, FileKeyProvider, Keyring, OpenFailed
from foundation.identity import Identifier
from foundation.journal import JournalReader
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from services.repair.store import TABLE, Store
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
    assert (receipt.source, kind, bytes(digest)) == ("repair", "RepairService.CheckEligibility", receipt.digest)


async def test_a_refused_attempt_is_an_entry_too(house: RepairHouse) -> None:
    theirs = house.catalog.hold(house.today(), SLIGHT, party=OTHER_PARTY)
    application_id = (await house.party(OTHER_PARTY).submit(theirs)).application_id
    with pytest.raises(RefusedByOffice):
        await house.officer().decide(application_id, grant=True)
    last = "SELECT kind, decision, reason FROM journal ORDER BY entry_id DESC LIMIT 1"
    assert house.sql(last, role="admin") == [("RepairService.DecideApplication", "refused", "STEP_OUT_OF_ORDER")]


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
    for secret in (CANARY, OTHER_PARTY.value.reveal(), "officer-canary-31"):
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
    keyring = Keyring(FileKeyProvider(house.folder / "keys"), database)
    keys = DossierKeys(keyring, DEPLOYMENT, TABLE)
    other_house = DossierKeys(keyring, "elsewhere", TABLE)
    try:
        rows = {
            str(row[0]): row for row in house.sql("SELECT application_id, wrap, subject, correction FROM application")
        }
        one, two = rows[first.application_id], rows[second.application_id]
        dek = await keys.open(one[0], bytes(one[1]))
        assert dek.open("correction", bytes(one[3])).reveal() == "一"
        ((evidence_id, header, sealed),) = house.sql(
            "SELECT evidence_id, header, content FROM evidence WHERE application_id = %s", one[0]
        )
        assert dek.open_bytes(f"evidence/{evidence_id}/content", bytes(sealed)) == content
        with pytest.raises(OpenFailed):
            dek.open("correction", bytes(two[3]))
        with pytest.raises(OpenFailed):
            dek.open("subject", bytes(one[3]))
        with pytest.raises(OpenFailed):
            dek.open_bytes(f"evidence/{evidence_id}/content", bytes(header))
        with pytest.raises(OpenFailed):
            await keys.open(two[0], bytes(one[1]))
        with pytest.raises(OpenFailed):
            await other_house.open(one[0], bytes(one[1]))
    finally:
        await database.close()


async def test_a_tag_that_leads_to_anothers_application_gives_nothing(house: RepairHouse) -> None:
    theirs = await house.party(OTHER_PARTY).submit(house.catalog.hold(house.today(), SLIGHT, party=OTHER_PARTY))
    database = house.database.open("repair_app", pool=2)
    keyring = Keyring(FileKeyProvider(house.folder / "keys"), database)
    real = DossierKeys(keyring, DEPLOYMENT, TABLE)

    class Forged(DossierKeys):
        """Whoever asks is found by the other party's bucket and tag."""

        async def bucket(self, identifier: Identifier) -> int:
            return await real.bucket(OTHER_PARTY)

        async def subject_tag(self, identifier: Identifier) -> bytes:
            return await real.subject_tag(OTHER_PARTY)

        async def tag(self, what: str, *parts: bytes) -> bytes:
            (tag,) = house.sql("SELECT request_tag FROM application WHERE application_id = %s", theirs.application_id)[
                0
            ]
            return bytes(tag)

    store, me = Store(Forged(keyring, DEPLOYMENT, TABLE), os.urandom), company(1)
    try:
        async with database.transaction() as tx:
            with pytest.raises(Refused) as refused:
                await store.of_party(tx, me, uuid.UUID(theirs.application_id))
            assert refused.value.reason is NOT_FOUND
            assert await store.of_request(tx, me, "any") is None
            assert await store.list_of_party(tx, me) == []
            assert await store.list_of_party(tx, OTHER_PARTY)
    finally:
        await database.close()
