"""A party reads what happened, and keeps its file and a receipt; one about whom nothing is held is told so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from standalone.story.sharing import finding, found
from standalone.story.stage import TENDER
from tests.browser.visitor import LOOKS, Look, Visitor
from tests.support.running_house import RunningHouse

TWO_LOOKS = [Look("zh", "phone", scripts=False), Look("en", "desktop", scripts=True)]


def test_a_party_reads_its_messages_and_keeps_its_file_and_a_receipt(
    visitor: Visitor, running_house: RunningHouse
) -> None:
    place = LOOKS.index(visitor.look)
    party = running_house.world.enterprises[60 + place]
    record_id = finding(running_house, party, days_ago=120, number=f"9782{place}")
    assert found(running_house, running_house.procurement, party, TENDER)
    visitor.sign_in(party.identifier, back_to="/me/messages")
    page = visitor.page
    page.locator(f"main a[href='/me/records/{record_id}']").click()
    visitor.sees("message-record")
    visitor.open("/me/file")
    assert downloaded(page, page.locator("main a[href='/me/file.pdf']")).startswith(b"%PDF-")
    page.goto("/me/looks")
    page.locator("tbody tr", has_text=running_house.procurement.authority.code).first.locator("a").click()
    waiting = page.locator(".govuk-inset-text a")  # until the log has taken it up, within a second or two
    for _ in range(20):
        if not waiting.count():
            break
        waiting.click()
    receipt = downloaded(page, page.locator("main a[href$='receipt.txt']")).decode()
    assert receipt.startswith("c2sp.org/tlog-proof")
    assert receipt.splitlines()[1] in page.locator("details pre").inner_html()  # the entry; the log goes on meanwhile


@pytest.mark.parametrize("look", TWO_LOOKS, ids=str)
def test_somebody_about_whom_nothing_is_held_is_told_so(
    visit: Callable[[Look], Visitor], look: Look, running_house: RunningHouse
) -> None:
    visitor = visit(look)
    visitor.sign_in(running_house.world.enterprises[70 + TWO_LOOKS.index(look)].identifier)
    visitor.sees("nothing-me")
    for page in ("records", "repair", "applications", "messages", "reports"):
        visitor.page.goto(f"/me/{page}")
        visitor.sees(f"nothing-{page}")
        assert visitor.page.locator("main :is(table, dl, form)").count() == 0


def test_who_comes_back_to_a_page_that_the_browser_kept_sees_it_whole(visit: Callable[[Look], Visitor]) -> None:
    visitor = visit(TWO_LOOKS[1])
    for _ in range(2):
        visitor.open("/public/catalog")
    assert visitor.page.locator("main h1").evaluate("one => getComputedStyle(one).marginTop") == "0px"


def downloaded(page: Page, link: Locator) -> bytes:
    """What the link gives to keep."""
    with page.expect_download() as download:
        link.click()
    return Path(download.value.path()).read_bytes()
