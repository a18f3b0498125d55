"""What is personal stands nowhere in clear, opens nowhere else, and nobody reads it without an entry."""

from __future__ import annotations

import base64
import hashlib
from datetime import date
from typing import Any

import psycopg
import pytest

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from foundation.crypto import DossierKeys, FileKeyProvider, Keyring, OpenFailed
from foundation.db import Database
from services.blacklist.store import TABLE
from tests.services.blacklist.house import DECIDER, FINDER, HEARER, ListHouse, RefusedByOffice
from tests.services.blacklist.processes import DEPLOYMENT

CANARY = "金丝雀甲乙丙"


async def test_no_personal_value_stands_in_clear_in_any_table_or_log(house: ListHouse) -> None:
    party = house.person(date(1990, 4, 7), name=f"{CANARY}某")
    case = await house.finder.open(party, scheme="wages", cause=f"{CANARY}举报")
    await house.finder.upload(case, f"{CANARY}证据".encode(), media_type="text/plain")
    await house.finder.match(case, "W1")
    await house.finder.find(case, facts=f"{CANARY}事实")
    await house.hearer.hold_panel(case, *(f"{CANARY}{n}" for n in range(3)))
    await house.hearer.notify(case)
    await house.hearer.state(case, f"{CANARY}申辩")
    case = await house.hearer.answer(case)
    house.pass_window(case)
    await house.decider.decide(case, number=f"{CANARY}号")
    planted = [party.identifier.value, CANARY, FINDER, HEARER, DECIDER]
    traces = {form for value in planted for form in _forms(value)}
    with psycopg.connect(house.database.admin_dsn) as admin:
        tables = admin.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'blacklist'"
        ).fetchall()
        for (table,) in tables:
            for (row,) in admin.execute(f"SELECT t::text FROM blacklist.{table} t"):  # type: ignore[arg-type]
                assert not [form for form in traces if form in row], table
    logged = house.offices["blacklist"].log
    assert not [form for form in traces if form in logged]
    assert [form for form in traces if form in f"a leak of {planted[0]} would be found"]


def _forms(value: str) -> set[str]:
    raw = [value.encode(encoding) for encoding in ("utf-8", "utf-16-le", "gb18030")]
    hashes = [hashlib.new(name, raw[0]).digest() for name in ("sha256", "sha1", "md5")]
    return (
        {value}
        | {each.hex() for each in raw + hashes}
        | {base64.b64encode(each).decode().rstrip("=") for each in raw + hashes}
    )


async def test_a_ciphertext_opens_in_its_own_place_only(house: ListHouse) -> None:
    one, other = await house.finder.open(house.company()), await house.finder.open(house.company())
    database = Database.open(house.database.dsn("blacklist_app"), schema="blacklist")
    keyring = Keyring(FileKeyProvider(house.folder / "blacklist-keys"), database)
    keys = DossierKeys(keyring, DEPLOYMENT, TABLE)
    try:
        files = {}
        for case in (one, other):
            wrap, party = house.sql("SELECT wrap, party FROM case_file WHERE case_id = %s", case.case_id)[0]
            files[case.case_id] = (bytes(wrap), bytes(party))
            (row,) = house.sql("SELECT artefact FROM case_step WHERE case_id = %s", case.case_id)
        ids: dict[str, Any] = {case_id: house.sql("SELECT %s::uuid", case_id)[0][0] for case_id in files}
        wrap, party = files[one.case_id]
        dek = await keys.open(ids[one.case_id], wrap)
        assert one.party.name in dek.open("party", party).reveal()
        with pytest.raises(OpenFailed):
            await keys.open(ids[other.case_id], wrap)
        with pytest.raises(OpenFailed):
            await DossierKeys(keyring, "another house", TABLE).open(ids[one.case_id], wrap)
        for column, sealed in (("step/1", party), ("party", bytes(row[0])), ("party", files[other.case_id][1])):
            with pytest.raises(OpenFailed):
                dek.open_bytes(column, sealed)
    finally:
        await keyring.close()
        await database.close()


async def test_every_reading_and_every_step_is_an_entry_about_the_party(house: ListHouse) -> None:
    case = await house.notified()
    read = house.hearer
    await read.get(case)
    house.pass_window(case)
    await house.decider.decide(case)
    await read.document(case)
    entries = _entries(house, case)
    assert [kind.partition(".")[2] for kind, _, _ in entries] == [
        "OpenCase",
        "UploadEvidence",
        "MatchStandard",
        "FindFacts",
        "HoldPanel",
        "NotifyParty",
        "GetCase",
        "Decide",
        "GetDecisionDocument",
    ]
    assert {decision for kind, decision, _ in entries if "Get" in kind} == {"answered"}
    assert {decision for kind, decision, _ in entries if "Get" not in kind} == {"changed"}


def _entries(house: ListHouse, case: pb.Case) -> list[tuple[str, str, bytes]]:
    """The journal's entries about the party of a case, in the order written."""
    return house.sql(
        "SELECT j.kind, j.decision, p.subject_tag FROM journal j JOIN journal_private p USING (bucket, entry_id)"
        " WHERE p.subject_tag = (SELECT q.subject_tag FROM journal_private q WHERE q.bucket = %s AND"
        "  q.subject_tag IS NOT NULL AND q.entry_id = (SELECT min(entry_id) FROM journal"
        "   WHERE kind = 'CaseService.OpenCase' AND at >= %s AND bucket = %s))"
        " ORDER BY j.entry_id",
        bytes.fromhex(case.case_id[:2])[0],
        case.steps[0].at.ToDatetime(),
        bytes.fromhex(case.case_id[:2])[0],
        role="admin",
    )


async def test_a_refused_attempt_is_an_entry_too(house: ListHouse) -> None:
    case = await house.notified()
    (before,) = house.sql("SELECT count(*) FROM journal WHERE decision = 'refused'", role="admin")[0]
    with pytest.raises(RefusedByOffice):
        await house.decider.decide(case)
    rows = house.sql("SELECT kind, reason FROM journal WHERE decision = 'refused' ORDER BY entry_id", role="admin")
    assert len(rows) == before + 1
    assert rows[-1] == ("CaseService.Decide", "WINDOW_OPEN")


async def test_the_digest_of_a_step_does_not_tell_a_guessed_content(house: ListHouse) -> None:
    """Two cases of one cause have different digests, because each artefact is salted."""
    one = await house.finder.open(house.company(), cause="同一事由")
    other = await house.finder.open(house.company(), cause="同一事由")
    assert one.steps[0].artefact_digest != other.steps[0].artefact_digest
    assert one.steps[0].officer == FINDER
