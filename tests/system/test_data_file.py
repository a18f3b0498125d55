"""A party's file of itself against the database: every record and every look, no more and no less."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row
from pypdf import PdfReader

from chengxin import Identifier
from chengxin.audit.v1 import audit_pb2, audit_pb2_grpc
from chengxin.catalog.v1 import archive_pb2, archive_pb2_grpc, record_pb2, record_pb2_grpc
from chengxin.common.v1 import common_pb2
from standalone.sample import MARK, SEED, SampleParty, SampleWorld
from standalone.story.browsing import Browser
from standalone.story.cast import Visitor, refused_for
from standalone.story.sharing import MATTER, OFFICER, finding, found, penalty
from standalone.story.stage import LICENCE, TENDER, came_true
from tests.support.running_house import RunningHouse

OFFICES = ("catalog", "blacklist", "repair", "audit")
OFFICIAL = f"{MARK}-file-1"
MANY = 2_050
"""Looks in bulk: more than two pages of what the audit office gives at once."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """A party about which much is told, and what was done."""

    party: SampleParty
    shared: str
    repaired: str
    revoked: str
    expired: str
    court_order: int
    """The entry that a court's order keeps from the party for a time."""


class Held:
    """What the database has about the party, read as its owner."""

    def __init__(self, house: RunningHouse, told: Told) -> None:
        self._dsn = house.house.engines.admin_dsn
        self._told = told

    def records(self) -> list[dict[str, Any]]:
        """Every record of its subject, with what no key is needed for."""
        return self.rows(
            "catalog",
            "SELECT record_id::text, item_code, provider, determining_authority, document_kind, severity,"
            " determined_on::text, ended_at, end_reason, share_wrap FROM record WHERE (bucket, subject_id) ="
            " (SELECT bucket, subject_id FROM record WHERE record_id = %s)",
            self._told.shared,
        )

    def last(self, office: str) -> int:
        return self.rows(office, "SELECT coalesce(max(entry_id), 0) AS last FROM journal")[0]["last"]

    def looks(self, known: dict[str, int]) -> dict[tuple[str, int], dict[str, Any]]:
        """Every entry under the party's tags. `known`: by office, an entry that is about it."""
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for office, entry_id in known.items():
            rows = self.rows(
                office,
                "SELECT j.entry_id, j.kind, j.authority, j.purpose, j.decision, j.reason, p.items,"
                " coalesce(p.visible_from > house_now(), false) AS kept_back"
                " FROM journal_private p JOIN journal j USING (bucket, entry_id) WHERE (p.bucket, p.subject_tag) ="
                " (SELECT k.bucket, k.subject_tag FROM journal_private k WHERE k.entry_id = %s)",
                entry_id,
            )
            assert rows, office
            found |= {(office, row["entry_id"]): row for row in rows}
        return found

    def rows(self, office: str, query: str, *values: object) -> list[dict[str, Any]]:
        with psycopg.connect(self._dsn) as connection, connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(office)))
            return cursor.execute(query.encode(), values).fetchall()


@pytest.fixture(scope="module")
def told(running_house: RunningHouse) -> Told:
    """Four records, three of which have ended; looks by two authorities, refused ones, a case, a court's order."""
    house = running_house
    (party,) = SampleWorld(SEED + 977, enterprises=1).enterprises
    shared, repaired, revoked = (finding(house, party, days_ago=120, number=f"977{n}") for n in range(3))
    expired = finding(house, party, days_ago=120, number="9773", until_in_days=2)
    house.let_pass(days=3)
    _looked_at(house, party)
    _revoked(house, "9772")
    _repaired(house, party, repaired)
    court_order = _kept_back(house, party)
    return Told(
        party=party, shared=shared, repaired=repaired, revoked=revoked, expired=expired, court_order=court_order
    )


def _looked_at(house: RunningHouse, party: SampleParty) -> None:
    asked: Any = {"matter": MATTER, "officer": OFFICER}
    assert found(house, house.procurement, party, TENDER)
    assert house.market.client.report(uscc=party.identifier, purpose=LICENCE, **asked).records
    assert refused_for(lambda: found(house, house.tax, party, LICENCE)) == "NOT_GRANTED"
    bulk = house.procurement.client.check_many([Identifier.uscc(party.identifier)] * MANY, purpose=TENDER, **asked)
    assert sum(answer.found for answer in bulk) == MANY
    house.market.act(
        "blacklist",
        "OpenCase",
        officer=OFFICIAL,
        role="case_officer",
        scheme_code="market_regulation",
        cause=f"{MARK}：拒不履行。",
        sample=True,
        party={"identifier": {"kind": "IDENTIFIER_KIND_USCC", "value": party.identifier}, "name": party.name},
        idempotency_key=f"file-{party.identifier}",
    )


def _revoked(house: RunningHouse, number: str) -> None:
    records = house.market.stub("catalog", record_pb2_grpc.RecordServiceStub)
    year = house.today().year
    asked = record_pb2.RevokeDocumentRequest(document_number=f"{MARK}罚〔{year}〕{number}号", reason=MARK)
    assert len(house.market.ask(records.RevokeDocument, asked).record_ids) == 1


def _repaired(house: RunningHouse, party: SampleParty, record_id: str) -> None:
    visitor = Visitor(house.gateway, party)
    visitor.sign_in()
    new = {"record_id": record_id, "correction": f"{MARK}：已缴清。", "commitment": True}
    sent = visitor.post("/me/applications", json=new, headers={"Idempotency-Key": f"file-{record_id}"})
    which = {"application_id": sent["application"]["application_id"], "officer": OFFICIAL, "role": "repair_officer"}
    house.market.act("repair", "AcceptApplication", **which)
    house.market.act("repair", "DecideApplication", grant=True, reasons=MARK, verification=MARK, **which)
    standing = f"/me/applications/{which['application_id']}"
    assert came_true(lambda: visitor.get(standing)["application"]["state"] == "carried_out", every=0.2)
    look = next(one for one in visitor.get("/me/accesses")["accesses"] if one["kind"] == "SharingService.CheckSubjects")
    visitor.post(f"/me/accesses/catalog/{look['entry_id']}/report", json={"report": f"{MARK}：无此事项。"})
    visitor.close()


def _kept_back(house: RunningHouse, party: SampleParty) -> int:
    archive = house.auditor.stub("catalog", archive_pb2_grpc.ArchiveServiceStub)
    subject = common_pb2.Identifier(kind=common_pb2.IDENTIFIER_KIND_USCC, value=party.identifier)
    same: Any = {"subject": subject, "basis_number": MARK, "reason": MARK}
    who: dict[str, Any] = {"officer": OFFICIAL, "roles": ["auditor"]}
    house.auditor.ask(archive.RequestOpening, archive_pb2.RequestOpeningRequest(basis="audit", **same), **who)
    ordered = archive_pb2.RequestOpeningRequest(basis="court_order", delay_days=30, **same)
    house.auditor.ask(archive.RequestOpening, ordered, **who)
    searches = house.auditor.stub("audit", audit_pb2_grpc.AuditServiceStub)
    search = audit_pb2.SearchAccessesRequest(subject=subject, basis=MARK, purpose="archive.court_order")
    (access,) = house.auditor.ask(searches.SearchAccesses, search, **who).accesses
    return access.entry_id


def _at_the_desk(house: RunningHouse, party: SampleParty) -> None:
    """A clerk acts for the party, on the pages."""
    with httpx.Client(base_url=house.gateway, timeout=10) as client:
        pages = Browser(client)
        asked = pages.follow(pages.open("/staff/desk"), "/api/v1/session/sign-in")
        clerk = {"name": f"{MARK}窗口", "sub": f"{MARK}-clerk-977", "authority": house.market.authority.code}
        desk = pages.send(asked, "authorize", {"choice": "typed", "roles": "counter_clerk", **clerk})
        party_there = {"identifier_kind": "uscc", "identifier": party.identifier, "name": party.name}
        home = pages.send(desk, "/staff/desk", {"matter": f"{MARK}-977", "declared": "yes", **party_there})
        assert pages.follow(home, "/me/records").url.path == "/me/records"


@pytest.fixture(scope="module")
def visitor(running_house: RunningHouse, told: Told) -> Any:
    """The party, signed in; a clerk acted for it before."""
    _at_the_desk(running_house, told.party)
    visitor = Visitor(running_house.gateway, told.party)
    visitor.sign_in()
    yield visitor
    visitor.close()


def _expected(
    house: RunningHouse, told: Told, known: dict[str, int], *, made_after: int
) -> tuple[dict[tuple[str, int], dict[str, Any]], int]:
    """What a file that was made after an entry of the audit office has to show: all but its own looks at the looks.

    And how many those are, one for each page.
    """
    looks = Held(house, told).looks(known)
    own = {
        key
        for key, row in looks.items()
        if key[0] == "audit" and key[1] > made_after and row["kind"] == "AuditService.ListAccessesToSubject"
    }
    kept_back = {key for key, row in looks.items() if row["kept_back"]}
    assert kept_back == {("catalog", told.court_order)}
    return {key: row for key, row in looks.items() if key not in own | kept_back}, len(own)


def _known(file: dict[str, Any], held: Held) -> dict[str, int]:
    """By office, an entry about the party."""
    case = "SELECT max(entry_id) AS last FROM journal WHERE kind = 'CaseService.OpenCase'"
    parts = {"catalog": "records", "repair": "applications", "audit": "looks"}
    known = {office: int(file[part]["receipt"]["entry_id"]) for office, part in parts.items()}
    return {**known, "blacklist": held.rows("blacklist", case)[0]["last"]}


def test_the_file_holds_all_that_the_database_holds(running_house: RunningHouse, told: Told, visitor: Visitor) -> None:
    held = Held(running_house, told)
    before = held.last("audit")
    file = visitor.get("/me/file", timeout=60)
    _records_are_whole(running_house, told, held, file["records"]["records"])

    expected, pages = _expected(running_house, told, _known(file, held), made_after=before)
    looks = file["looks"]["accesses"]
    shown = {(one["source"], int(one["entry_id"])): one for one in looks}
    assert len(looks) == len(shown) > MANY
    assert shown.keys() == expected.keys()
    assert pages == 3
    for key, row in expected.items():
        told_of = {name: shown[key][name] for name in ("kind", "authority", "purpose", "decision", "reason")}
        assert told_of == {name: row[name] for name in told_of}
        assert sorted(shown[key]["item_codes"]) == sorted(row["items"])
    assert [one["at"] for one in looks] == sorted((one["at"] for one in looks), reverse=True)
    assert {office for office, _ in shown} == set(OFFICES)
    assert {one["reason"] for one in looks if one["decision"] == "refused"} == {"NOT_GRANTED"}
    authorities = {who.authority.code for who in (running_house.procurement, running_house.market, running_house.tax)}
    assert authorities <= {one["authority"] for one in looks}
    assert any(one["assisted"] and one["authority"] == running_house.market.authority.code for one in looks)
    assert file["looks"]["next_page_token"] == ""
    assert {"ENDED_CONTENT", "ERASED", "COURT_ORDERS"} <= file["withheld"].keys()
    assert "OLDER_LOOKS" not in file["withheld"]

    asked = "SELECT application_id::text AS id FROM application WHERE record_id = %s"
    applied_for = [row["id"] for row in held.rows("repair", asked, told.repaired)]
    assert [one["application_id"] for one in file["applications"]["applications"]] == applied_for
    assert [one["source"] for one in file["reports"]["matters"]] == ["catalog"]


def _records_are_whole(house: RunningHouse, told: Told, held: Held, records: list[dict[str, Any]]) -> None:
    kept = {row["record_id"]: row for row in held.records()}
    shown = {one["record"]["record_id"]: one["record"] for one in records}
    assert len(records) == len(shown) == 4
    assert shown.keys() == kept.keys() == {told.shared, told.repaired, told.revoked, told.expired}
    same = ("item_code", "provider", "determining_authority", "document_kind", "severity", "determined_on")
    for record_id, row in kept.items():
        assert {name: shown[record_id][name] for name in same} == {name: row[name] for name in same}
    ended = {record_id: one["end_reason"] for record_id, one in shown.items() if one["ended_at"]}
    assert ended == {told.repaired: "repaired", told.revoked: "document_revoked", told.expired: "expired"}
    fields = {one["record"]["record_id"]: {f["name"]: f["value"] for f in one["fields"]} for one in records}
    assert not any(fields[record_id] for record_id in ended)
    assert all(kept[record_id]["share_wrap"] is None for record_id in (told.repaired, told.revoked))
    whole = penalty(house, told.party, days_ago=123, number="9770")
    assert whole.document.number == fields[told.shared]["document_number"]
    assert {**whole.fields, "party_name": told.party.name}.items() <= fields[told.shared].items()


def test_the_pdf_names_every_record_and_every_look(running_house: RunningHouse, told: Told, visitor: Visitor) -> None:
    held = Held(running_house, told)
    known = _known(visitor.get("/me/file", timeout=60), held)
    before = held.last("audit")
    answer = httpx.get(f"{running_house.gateway}/me/file.pdf?lang=zh", cookies=visitor.cookies, timeout=120)
    assert answer.headers["content-type"] == "application/pdf"
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
    squeezed = "".join(text.split())
    records = held.records()
    assert [squeezed.count(row["record_id"]) for row in records] == [1] * len(records)
    assert "行政处罚决定书" in squeezed
    assert "密钥已销毁" in squeezed

    expected, pages = _expected(running_house, told, known, made_after=before)
    named = Counter((office, int(number)) for office, number in re.findall(rf"({'|'.join(OFFICES)})\s+(\d+)", text))
    twice = [key for key, times in named.items() if times > 1]
    assert [expected[key]["kind"] for key in twice] == [
        "SharingService.ListOwnRecords"
    ]  # on its head, by which it was made
    assert named.keys() == expected.keys()
    assert pages == 3
