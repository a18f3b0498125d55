"""A code is scanned: the text is in the box, nothing of it in the address bar, and it is judged when asked."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

from chengxin.catalog.v1 import record_pb2, record_pb2_grpc
from gateway.qr import PAGE, fragment_of
from standalone.sample import MARK
from standalone.story.sharing import finding
from tests.browser.visitor import Look, Visitor
from tests.support.running_house import RunningHouse

GENUINE = ".govuk-notification-banner--success"
CUT_OFF = fragment_of(MARK * 20)[:-9]
BOMB = str(int.from_bytes(b"\1" + zlib.compress(b"x" * 1_000_000, 9)))
NOT_TEXT = str(int.from_bytes(b"\1" + zlib.compress(b"\xff\xfe", 9)))
ENDLESS = "0" * 8000 + fragment_of(MARK)


@pytest.fixture(scope="module")
def ended(running_house: RunningHouse) -> str:
    """A record of a party, whose sharing ended."""
    market = running_house.market
    record_id = finding(running_house, running_house.world.enterprises[80], days_ago=120, number="9760")
    records = market.stub("catalog", record_pb2_grpc.RecordServiceStub)
    reason = record_pb2.END_REASON_OBJECTION_UPHELD
    market.ask(
        records.WithdrawRecord, record_pb2.WithdrawRecordRequest(record_id=record_id, reason=reason, matter=MARK)
    )
    return record_id


def test_a_certificate_is_shown_and_scanned(
    visit: Callable[[Look], Visitor], look: Look, running_house: RunningHouse, ended: str
) -> None:
    party = visit(look)
    party.sign_in(running_house.world.enterprises[80].identifier)
    party.page.goto(f"/me/records/{ended}/certificate")
    party.sees("certificate-with-code")
    assert party.page.locator("svg[role=img]").bounding_box() is not None
    text = party.page.locator("pre").first.inner_text()
    phone = visit(look)
    page = phone.page
    page.goto(f"{PAGE}#{fragment_of(text)}")
    box = page.locator("#text")
    if not look.scripts:
        assert page.locator("main noscript").inner_text()
        assert box.input_value() == ""
        phone.sees("public-verify-without-scripts")
        return
    page.locator("[data-scan=read]").wait_for()
    assert box.input_value() == text
    assert page.url == phone.address + PAGE
    assert page.locator(".govuk-notification-banner").count() == 0  # it asks nothing by itself
    phone.sees("public-verify-scanned")
    phone.press({"zh": "核验", "en": "Check"}[look.language])
    assert page.locator(GENUINE).is_visible()
    page.locator("main details summary").click()
    phone.sees("public-verify-scanned-genuine")
    page.goto(f"{PAGE}#{fragment_of(MARK)}")  # the same document: what was genuine must not look as if this were
    page.locator("[data-scan=read]").wait_for()
    assert page.locator(GENUINE).count() == 0
    assert box.input_value() == MARK


@pytest.mark.parametrize("look", [Look("zh", "desktop", scripts=True)], ids=str)
def test_what_is_no_text_in_full_is_said_and_fills_nothing(visit: Callable[[Look], Visitor], look: Look) -> None:
    phone = visit(look)
    page = phone.page
    page.goto(PAGE)
    for fragment in (CUT_OFF, BOMB, NOT_TEXT, ENDLESS):
        page.goto(f"{PAGE}#{fragment_of(MARK)}")
        page.locator("[data-scan=read]").wait_for()
        page.goto(f"{PAGE}#{fragment}")
        page.locator("[data-scan=unreadable]").wait_for()
        assert page.locator("[data-scan=read]").is_hidden()
        assert page.locator("#text").input_value() == ""
        assert page.url == phone.address + PAGE
    phone.sees("public-verify-unreadable")
