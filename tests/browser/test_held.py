"""A party sees what is held about it, and everybody finds the door."""

from __future__ import annotations

from collections.abc import Callable

from tests.browser.visitor import Look, Visitor
from tests.support.running_house import RunningHouse

ZH = Look("zh", "desktop", scripts=False)


def test_everybody_finds_the_start_page_and_is_asked_to_sign_in(visitor: Visitor) -> None:
    visitor.open("/")
    visitor.page.locator("main a.govuk-button--start").click()
    visitor.sees("sign-in")
    assert visitor.page.locator("main a.govuk-button").get_attribute("href") == "/api/v1/session/sign-in?back_to=/me"
    visitor.open("/nothing-here", status=404)


def test_a_party_sees_what_is_held_about_it(visitor: Visitor, running_house: RunningHouse) -> None:
    visitor.sign_in(running_house.known_party)
    visitor.open("/me/records")
    cards = visitor.page.locator(".govuk-summary-card")
    assert cards.count() >= 1
    cards.first.locator("a").first.click()
    visitor.sees("record")
    assert running_house.market.authority.code in visitor.page.locator("main").inner_text()


def test_another_partys_record_is_answered_like_none(
    visit: Callable[[Look], Visitor], running_house: RunningHouse
) -> None:
    owner, stranger = visit(ZH), visit(ZH)
    owner.sign_in(running_house.known_party)
    owner.open("/me/records")
    address = owner.page.locator(".govuk-summary-card a").first.get_attribute("href")
    assert address is not None
    owner.open(address)
    stranger.sign_in(running_house.market.authority.code)
    stranger.open(address, status=404)
    text = stranger.page.locator("main").inner_text()
    stranger.open(address[:-12] + "000000000000", status=404)
    unknown = stranger.page.locator("main").inner_text()
    assert text == unknown


def test_the_language_that_was_chosen_stays(visit: Callable[[Look], Visitor]) -> None:
    visitor = visit(ZH)
    visitor.open("/")
    visitor.page.get_by_role("link", name="English").click()
    assert visitor.page.locator("html").get_attribute("lang") == "en"
    visitor.page.goto("/")
    assert visitor.page.locator("html").get_attribute("lang") == "en"
