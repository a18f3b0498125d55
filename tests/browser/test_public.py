"""Everybody reads the public list, what is in force, how it works and the figures, and checks a text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chengxin.catalog.v1 import record_pb2, record_pb2_grpc, sharing_pb2, sharing_pb2_grpc
from standalone.sample import MARK
from standalone.story.sharing import finding
from tests.browser.visitor import Look, Visitor
from tests.support.running_house import RunningHouse

LOOKS = [Look("zh", "desktop", scripts=True), Look("en", "phone", scripts=True)]
two_looks = pytest.mark.parametrize("look", LOOKS, ids=str)
PERSONS_NUMBER = "430102199003070013"


def test_everybody_searches_the_public_list(visitor: Visitor, running_house: RunningHouse) -> None:
    visitor.open("/public/records")
    page = visitor.page
    page.locator("#identifier").fill(running_house.known_party)
    page.locator("main form button").click()
    assert f"identifier={running_house.known_party}" in page.url
    visitor.sees("public-records-found")
    assert page.locator("tbody tr").count() >= 1
    page.locator("#identifier").fill(PERSONS_NUMBER)
    page.locator("main form button").click()
    assert PERSONS_NUMBER not in page.url
    assert page.locator("#identifier-error").is_visible()
    assert page.locator("#identifier").input_value() == PERSONS_NUMBER
    visitor.sees("public-records-refused")


def test_everybody_checks_a_certificate(visitor: Visitor, certificate: str) -> None:
    visitor.open("/public/verify")
    page = visitor.page
    for text, banner in ((certificate, "--success"), (certificate.replace("2026", "2025"), ""), (MARK, "")):
        page.locator("#text").fill(text)
        page.locator("main form button").click()
        assert page.locator(f".govuk-notification-banner{banner}").is_visible()
        visitor.sees(f"public-verify-{'genuine' if banner else 'not'}")
    page.locator("#text").fill("")
    page.locator("main form button").click()
    visitor.sees("public-verify-empty")


@pytest.fixture(scope="module")
def certificate(running_house: RunningHouse) -> str:
    """The certificate of a record whose sharing ended."""
    market = running_house.market
    record_id = finding(running_house, running_house.repaired[0], days_ago=120, number="9731")
    records = market.stub("catalog", record_pb2_grpc.RecordServiceStub)
    reason = record_pb2.END_REASON_OBJECTION_UPHELD
    market.ask(
        records.WithdrawRecord, record_pb2.WithdrawRecordRequest(record_id=record_id, reason=reason, matter=MARK)
    )
    sharing = market.stub("catalog", sharing_pb2_grpc.SharingServiceStub)
    asked = sharing_pb2.GetWithdrawalCertificateRequest(record_id=record_id)
    return market.ask(sharing.GetWithdrawalCertificate, asked).text


def test_everybody_reads_how_it_works(visitor: Visitor) -> None:
    visitor.open("/about")
    assert visitor.page.locator("main h2").count() == 11


@two_looks
def test_everybody_reads_what_is_in_force(visit: Callable[[Look], Visitor], look: Look) -> None:
    visitor = visit(look)
    for path in ("/public/catalog", "/public/schemes"):
        visitor.open(path)
        visitor.page.locator("main ul.govuk-list--spaced a").first.click()
        visitor.sees(f"{path.strip('/').replace('/', '-')}-one")
    visitor.open("/public/catalog/no_such_item", status=400)
    visitor.open("/public/measures")
    visitor.open("/public/catalog?text=zzz&level=national")
    assert visitor.page.locator("main ul.govuk-list--spaced").count() == 0


@two_looks
def test_everybody_reads_the_figures(visit: Callable[[Look], Visitor], look: Look) -> None:
    visitor = visit(look)
    visitor.open("/public/statistics")
    assert visitor.page.locator("tbody tr").count() >= 1
