"""How the gateway calls the offices, and how what they refuse comes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import grpc
import pytest

from foundation import reasons as shared
from foundation.access import fingerprint_of
from foundation.refusal import Kind, Reason, Refused, Wording
from foundation.rpc.status import CODES
from gateway.offices import AT_THE_GATEWAY, KINDS
from gateway.problems import KINDS as HTTP
from tests.services.gateway.conftest import PERSON, PERSON_NUMBER, Browser, House, Identities
from tests.services.gateway.offices import BareStatus


async def test_the_person_travels_as_an_assertion_bound_to_the_gateways_certificate(
    house: House, visitor: Browser, identities: Identities
) -> None:
    assert (await visitor.get("/api/v1/me/records")).status_code == 200
    asked = house.offices.last("ListOwnRecords")
    assert asked.person is not None
    assert asked.person.identifier.value.reveal() == PERSON_NUMBER
    assert asked.person.name.reveal() == PERSON["name"]
    assert asked.fingerprint == fingerprint_of(identities.path("gateway.pem").read_bytes())
    now = datetime.now(UTC)
    stranger = fingerprint_of(identities.path("stranger.pem").read_bytes())
    with pytest.raises(Refused, match="ASSERTION_INVALID"):
        house.offices.issuers.person(asked.token, bound_to=stranger, now=now, today=now.date())


async def test_an_assertion_is_made_for_each_call_and_ends_within_two_minutes(house: House, visitor: Browser) -> None:
    for _ in range(2):
        await visitor.get("/api/v1/me/records")
    first, second = (asked for asked in house.offices.asked if asked.method == "ListOwnRecords")
    assert first.token != second.token
    later = datetime.now(UTC) + timedelta(seconds=121)
    with pytest.raises(Refused, match="ASSERTION_INVALID"):
        house.offices.issuers.person(first.token, bound_to=first.fingerprint, now=later, today=later.date())


async def test_an_office_takes_no_call_without_the_houses_certificate(house: House) -> None:
    async with grpc.aio.secure_channel(house.settings.catalog_address, grpc.ssl_channel_credentials()) as channel:
        call = channel.unary_unary("/chengxin.catalog.v1.SharingService/ListOwnRecords")
        with pytest.raises(grpc.aio.AioRpcError):
            await call(b"", timeout=5)
    assert not house.offices.asked


async def test_every_call_has_a_deadline_of_at_most_ten_seconds(house: House, visitor: Browser) -> None:
    for path in ("/api/v1/me/records", "/api/v1/me/accesses", "/api/v1/public/catalog"):
        await visitor.get(path)
    assert all(asked.time_left is not None and asked.time_left <= 10 for asked in house.offices.asked)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.UNAUTHENTICATED])
async def test_a_refusal_comes_out_as_a_problem_with_its_reason_field_and_remedy(
    house: House, visitor: Browser, kind: Kind
) -> None:
    reason = Reason("SOME_REASON", kind, Wording("It is so.", "Do this.", "test"))
    house.offices.answers["ListOwnRecords"] = Refused(reason, field="a.b")
    answer = await visitor.get("/api/v1/me/records")
    status, title = HTTP[kind]
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem.pop("instance") == f"urn:uuid:{answer.headers['x-request-id']}"
    assert problem == {
        "type": "tag:chengxin.example,2026:refusal/SOME_REASON",
        "title": title,
        "status": status,
        "detail": "It is so.",
        "reason": "SOME_REASON",
        "field": "a.b",
        "remedy": "Do this.",
    }


def test_every_kind_of_refusal_has_its_status() -> None:
    assert set(HTTP) == set(Kind)
    by_number = {code.value[0]: code for code in grpc.StatusCode}
    for kind, number in CODES.items():
        if kind is not Kind.UNAUTHENTICATED:
            assert KINDS[by_number[number]] is kind


@pytest.mark.parametrize("reason", sorted(AT_THE_GATEWAY))
async def test_what_is_refused_to_the_gateway_is_not_blamed_on_the_person(
    house: House, visitor: Browser, reason: str
) -> None:
    house.offices.answers["ListOwnRecords"] = Refused(getattr(shared, reason))
    answer = await visitor.get("/api/v1/me/records")
    assert (answer.status_code, answer.json()["reason"]) == (502, "OFFICE_FAILED")


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        (grpc.StatusCode.UNAVAILABLE, 503, "UNAVAILABLE"),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 503, "UNAVAILABLE"),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 504, "NO_ANSWER_IN_TIME"),
        (grpc.StatusCode.INTERNAL, 502, "OFFICE_FAILED"),
        (grpc.StatusCode.UNKNOWN, 502, "OFFICE_FAILED"),
        (grpc.StatusCode.UNIMPLEMENTED, 502, "OFFICE_FAILED"),
        (grpc.StatusCode.INVALID_ARGUMENT, 502, "OFFICE_FAILED"),
    ],
)
async def test_a_status_without_a_reason_tells_no_internals(
    house: House, visitor: Browser, code: grpc.StatusCode, status: int, reason: str
) -> None:
    house.offices.answers["ListOwnRecords"] = BareStatus(code)
    answer = await visitor.get("/api/v1/me/records")
    assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    assert "no details" not in answer.text


async def test_one_closed_office_leaves_the_others_open(house: House, visitor: Browser) -> None:
    house.offices.answers["ListApplications"] = BareStatus(grpc.StatusCode.UNAVAILABLE)
    assert (await visitor.get("/api/v1/me/applications")).status_code == 503
    assert (await visitor.get("/api/v1/me/records")).status_code == 200
    assert (await visitor.get("/readyz")).status_code == 200


BY_ID = {
    "GetWithdrawalCertificate": ("GET", "/api/v1/me/records/x/withdrawal-certificate"),
    "CheckEligibility": ("GET", "/api/v1/me/records/x/eligibility"),
    "GetApplication": ("GET", "/api/v1/me/applications/x"),
    "WithdrawApplication": ("POST", "/api/v1/me/applications/x/withdraw"),
}


@pytest.mark.parametrize("method", BY_ID)
async def test_what_is_anothers_looks_like_what_does_not_exist(house: House, visitor: Browser, method: str) -> None:
    verb, path = BY_ID[method]
    seen: list[dict[str, object]] = []
    for kind in (Kind.DENIED, Kind.NOT_FOUND):
        house.offices.answers[method] = Refused(Reason(f"SAID_{kind.name}", kind, Wording("That.", "This.", "test")))
        answer = await visitor.request(verb, path, headers={"X-CSRF-Token": visitor.csrf})
        assert answer.status_code == 404
        problem = answer.json()
        del problem["instance"]
        seen.append(problem)
    assert seen[0] == seen[1]
