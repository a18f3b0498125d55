"""54号 clause 4: what is published is what the catalog says, without secrets and privacy, masked for persons.

The catalog decides and masks; here is the gateway's side: it shows strangers the catalog's masked answer,
adds nothing, and asks in nobody's name.
"""

from __future__ import annotations

import pytest

from chengxin.catalog.v1.sharing_pb2 import ListPublicRecordsResponse, PublicRecord
from tests.services.gateway.conftest import (
    PERSON_NUMBER,
    Browser,
    House,
    apps,
    browser,
    house,
    identities,
    offices,
    open_house,
    visitor,
)

__all__ = ["apps", "browser", "house", "identities", "offices", "open_house", "visitor"]

MASKED = {
    "item_code": "A1",
    "item_title": "行政处罚",
    "name": "样**",
    "identifier": "4399********",
    "document_number": "样例罚〔2026〕1号",
    "determining_authority": "114399990000000026",
    "determined_on": "2026-01-05",
    "ends_before": "2027-01-05",
}
PAGES = ["records", "catalog", "measures", "schemes", "checkpoint"]


async def test_the_public_page_shows_the_catalogs_masked_record_and_nothing_else(
    house: House, browser: Browser
) -> None:
    house.offices.answers["ListPublicRecords"] = ListPublicRecordsResponse(records=[PublicRecord(**MASKED)])
    page = (await browser.get("/api/v1/public/records")).json()
    assert page == {"records": [MASKED], "next_page_token": ""}


@pytest.mark.parametrize("page", PAGES)
async def test_the_public_is_answered_without_anybodys_assertion_even_where_somebody_is_signed_in(
    house: House, visitor: Browser, page: str
) -> None:
    answer = await visitor.get(f"/api/v1/public/{page}")
    assert answer.status_code == 200
    assert PERSON_NUMBER not in answer.text
    assert [asked.token for asked in house.offices.asked] == [""]


async def test_publicity_that_ended_is_gone_from_the_next_answer(house: House, browser: Browser) -> None:
    """No copy may outlive the period that the determining authority set (clause 5)."""
    house.offices.answers["ListPublicRecords"] = ListPublicRecordsResponse(records=[PublicRecord(**MASKED)])
    shown = await browser.get("/api/v1/public/records")
    assert shown.headers["cache-control"] == "private, no-cache"
    house.offices.answers["ListPublicRecords"] = ListPublicRecordsResponse()
    again = await browser.get("/api/v1/public/records", headers={"If-None-Match": shown.headers["etag"]})
    assert (again.status_code, again.json()["records"]) == (200, [])


async def test_what_is_held_about_a_person_is_for_that_person_alone(house: House, browser: Browser) -> None:
    for path in ("records", "accesses", "applications", "records/x/eligibility", "applications/x"):
        refused = await browser.get(f"/api/v1/me/{path}")
        assert (refused.status_code, refused.json()["reason"]) == (401, "SIGN_IN_REQUIRED")
    assert not house.offices.asked
