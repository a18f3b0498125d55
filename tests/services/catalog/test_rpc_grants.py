"""AccessService over the wire: a grant is applied for by one official, approved by another, and ends at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from chengxin.catalog.v1 import access_pb2, sharing_pb2
from foundation import reasons as shared
from foundation.refusal import Reason
from services.catalog.domain import reasons
from tests.services.catalog.drafts import LICENCE, PENALTY, lawful
from tests.services.catalog.office import CONSUMER, OTHER_CONSUMER, CatalogOffice, context, identifier
from tests.support.catalog_house import uscc
from tests.support.identities import RefusedByOffice

SUBSIDY, COPY = "subsidy.review", "copy.platform"


class Desk:
    """Officials at the systems that take part."""

    def __init__(self, office: CatalogOffice) -> None:
        self._office = office

    def official(self, subject: str, role: str, system: str) -> str:
        return self._office.identities.officer(subject, role, by=system)

    async def request(self, *, subject: str = "a", system: str = "other-consumer", **changes: Any) -> Any:
        """Apply for a grant."""
        values = {
            "purpose": SUBSIDY,
            "item_codes": [PENALTY],
            "field_names": ["party_name"],
            "days": 30,
            "justification": "样例",
            **changes,
        }
        request = access_pb2.RequestGrantRequest(**values)
        token = self.official(subject, "case_officer", system)
        return (await self._office.ask(system, "RequestGrant", request, assertion=token)).grant

    async def approve(self, grant_id: str, *, subject: str = "b") -> Any:
        """Approve one as a steward."""
        request = access_pb2.ApproveGrantRequest(grant_id=grant_id)
        token = self.official(subject, "steward", "steward")
        return (await self._office.ask("steward", "ApproveGrant", request, assertion=token)).grant

    async def revoke(self, grant_id: str, *, system: str = "steward", role: str = "steward") -> Any:
        """Revoke one."""
        request = access_pb2.RevokeGrantRequest(grant_id=grant_id, reason="样例")
        token = self.official("c", role, system)
        return (await self._office.ask(system, "RevokeGrant", request, assertion=token)).grant


@pytest.fixture
def desk(office: CatalogOffice) -> Desk:
    """The officials of a test."""
    return Desk(office)


async def _listed(office: CatalogOffice, system: str) -> dict[str, Any]:
    response = await office.ask(system, "ListGrants", access_pb2.ListGrantsRequest())
    return {grant.grant_id: grant for grant in response.grants}


async def test_a_grant_from_its_application_to_its_revocation(office: CatalogOffice, desk: Desk) -> None:
    party = identifier(uscc(4_200_001))
    await office.record(lawful(party=party.value))
    before = office.last_entry()

    asked = await desk.request()
    assert (asked.authority, asked.purpose, asked.approved) == (OTHER_CONSUMER, SUBSIDY, False)
    assert not asked.HasField("starts_at")
    with pytest.raises(RefusedByOffice) as refused:
        await office.check(party, by="other-consumer", purpose=SUBSIDY)
    assert refused.value.reason == "NOT_GRANTED"

    granted = await desk.approve(asked.grant_id)
    assert granted.approved
    assert granted.ends_at.ToDatetime() - granted.starts_at.ToDatetime() == timedelta(days=30)
    assert (await office.check(party, by="other-consumer", purpose=SUBSIDY)).found

    revoked = await desk.revoke(asked.grant_id)
    assert revoked.HasField("revoked_at")
    with pytest.raises(RefusedByOffice) as refused:
        await office.check(party, by="other-consumer", purpose=SUBSIDY)
    assert refused.value.reason == "NOT_GRANTED"
    assert [(kind, decision) for kind, _, decision, _ in office.entries_after(before)] == [
        ("AccessService.RequestGrant", "changed"),
        ("SharingService.CheckSubject", "refused"),
        ("AccessService.ApproveGrant", "changed"),
        ("SharingService.CheckSubject", "answered"),
        ("AccessService.RevokeGrant", "changed"),
        ("SharingService.CheckSubject", "refused"),
    ]


async def test_a_grant_shows_its_fields_and_its_items_and_no_more(office: CatalogOffice, desk: Desk) -> None:
    party = identifier(uscc(4_200_002))
    await office.record(lawful(party=party.value), lawful(party=party.value, item=LICENCE))
    granted = await desk.request(purpose=COPY, field_names=["facts"])
    await desk.approve(granted.grant_id)
    request = sharing_pb2.GetCreditReportRequest(context=context(purpose=COPY), subject=party)
    report = await office.ask("other-consumer", "GetCreditReport", request)
    assert [(one.record.item_code, [field.name for field in one.fields]) for one in report.records] == [
        (PENALTY, ["facts"])
    ]
    await desk.revoke(granted.grant_id)


async def test_one_official_does_not_approve_what_he_applied_for(office: CatalogOffice, desk: Desk) -> None:
    asked = await desk.request(subject="same")
    with pytest.raises(RefusedByOffice) as refused:
        await desk.approve(asked.grant_id, subject="same")
    assert refused.value.reason == "SAME_OFFICIAL"
    assert not (await _listed(office, "other-consumer"))[asked.grant_id].approved


async def test_a_grant_is_approved_once_and_revoked_once(desk: Desk) -> None:
    asked = await desk.request()
    await desk.approve(asked.grant_id)
    with pytest.raises(RefusedByOffice) as refused:
        await desk.approve(asked.grant_id)
    assert refused.value.reason == "GRANT_STATE"
    await desk.revoke(asked.grant_id)
    for again in (desk.approve, desk.revoke):
        with pytest.raises(RefusedByOffice) as refused:
            await again(asked.grant_id)
        assert refused.value.reason == "GRANT_STATE"


async def test_an_authority_gives_up_its_own_grant_and_cannot_touch_anothers(office: CatalogOffice, desk: Desk) -> None:
    asked = await desk.request()
    with pytest.raises(RefusedByOffice) as refused:
        await desk.revoke(asked.grant_id, system="consumer", role="case_officer")
    assert refused.value.reason == "NOT_FOUND"
    given_up = await desk.revoke(asked.grant_id, system="other-consumer", role="case_officer")
    assert given_up.HasField("revoked_at")


async def test_a_grant_tells_its_readers_why_and_who_and_the_database_nobody(office: CatalogOffice, desk: Desk) -> None:
    words = ("样例理由：核对补贴", "official-applicant", "official-approver")
    asked = await desk.request(justification=words[0], subject=words[1])
    assert (asked.justification, asked.requested_by, asked.approved_by) == (*words[:2], "")
    await desk.approve(asked.grant_id, subject=words[2])
    for system in ("other-consumer", "steward"):
        grant = (await _listed(office, system))[asked.grant_id]
        assert (grant.justification, grant.requested_by, grant.approved_by) == words
    [(stored,)] = office.sql("SELECT g::text FROM catalog.access_grant g WHERE grant_id = %s", asked.grant_id)
    for word in words:
        assert word not in stored
        assert word.encode().hex() not in stored


async def test_what_was_said_for_one_grant_opens_in_no_other(office: CatalogOffice, desk: Desk) -> None:
    one, other = await desk.request(), await desk.request()
    office.sql(
        "UPDATE catalog.access_grant SET said = (SELECT said FROM catalog.access_grant WHERE grant_id = %s)"
        " WHERE grant_id = %s",
        one.grant_id,
        other.grant_id,
    )
    grant = (await _listed(office, "steward"))[other.grant_id]
    assert (grant.justification, grant.requested_by) == ("", "")


async def test_an_authority_sees_its_own_grants_and_a_steward_all(office: CatalogOffice, desk: Desk) -> None:
    asked = await desk.request()
    assert asked.grant_id in await _listed(office, "other-consumer")
    assert asked.grant_id in await _listed(office, "steward")
    own = await _listed(office, "consumer")
    assert asked.grant_id not in own
    assert {grant.authority for grant in own.values()} == {CONSUMER}


@pytest.mark.parametrize(
    ("changes", "reason", "place"),
    [
        ({"purpose": "curiosity"}, reasons.PURPOSE_UNKNOWN, "purpose"),
        ({"purpose": " "}, shared.VALUE_REQUIRED, "purpose"),
        ({"item_codes": []}, reasons.ITEM_UNKNOWN, "item_codes"),
        ({"item_codes": [PENALTY, "cn.rumours"]}, reasons.ITEM_UNKNOWN, "item_codes"),
        ({"field_names": ["facts", "party_identifier"]}, reasons.FIELD_UNKNOWN, "field_names.1"),
        ({"days": 0}, shared.VALUE_INVALID, "days"),
        ({"days": 367}, shared.VALUE_INVALID, "days"),
        ({"justification": ""}, shared.VALUE_REQUIRED, "justification"),
        ({"justification": "x" * 501}, shared.VALUE_INVALID, "justification"),
    ],
)
async def test_an_application_asks_for_what_there_is_and_says_why(
    office: CatalogOffice, desk: Desk, changes: dict[str, Any], reason: Reason, place: str
) -> None:
    before = office.last_entry()
    with pytest.raises(RefusedByOffice) as refused:
        await desk.request(**changes)
    assert (refused.value.reason, refused.value.field) == (reason.code, place)
    assert [entry[2:] for entry in office.entries_after(before)] == [("refused", reason.code)]


async def test_nobody_but_a_steward_approves(office: CatalogOffice, desk: Desk) -> None:
    asked = await desk.request()
    request = access_pb2.ApproveGrantRequest(grant_id=asked.grant_id)
    for system, role, authority, expected in (
        ("other-consumer", "steward", "", shared.ROLE_REQUIRED),
        ("steward", "case_officer", "", shared.OFFICER_ROLE_REQUIRED),
        ("steward", "steward", OTHER_CONSUMER, shared.OFFICER_ROLE_REQUIRED),
    ):
        token = office.identities.officer("b", role, by=system, authority=authority)
        with pytest.raises(RefusedByOffice) as refused:
            await office.ask(system, "ApproveGrant", request, assertion=token)
        assert refused.value.reason == expected.code
    for unknown in (str(uuid4()), "1", ""):
        with pytest.raises(RefusedByOffice) as refused:
            await desk.approve(unknown)
        assert refused.value.reason == "NOT_FOUND"
