"""A clerk at a desk acts for a party who stands before him; the party later sees by whom."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from standalone.sample import MARKET
from standalone.story.sharing import finding
from tests.browser.test_staff import on_duty, sent
from tests.browser.visitor import LOOKS, Look, Visitor
from tests.support.running_house import RunningHouse

AT_THE_DESK = {"zh": "您本人，经下列单位窗口代办", "en": "You, at the service desk of"}


def test_a_clerk_applies_for_a_party_who_later_sees_by_whom(
    visitor: Visitor, visit: Callable[[Look], Visitor], running_house: RunningHouse
) -> None:
    place = LOOKS.index(visitor.look)
    party = running_house.world.enterprises[50 + place]
    finding(running_house, party, days_ago=120, number=f"9781{place}")
    on_duty(visitor, MARKET, "counter_clerk", subject=f"样例-clerk-{place}", page="/staff/desk")
    page = visitor.page
    begin_at_the_desk(visitor, number="1", name=party.name, declared=False)
    visitor.sees("staff-desk-error")
    assert page.locator(".govuk-error-summary a").get_attribute("href") == "#declared"
    begin_at_the_desk(visitor, number=party.identifier, name=party.name, declared=True)
    assert page.url == visitor.address + "/me"
    visitor.sees("desk-me")
    banner = page.locator("section", has=page.locator("form[action='/desk/end']"))
    for shown in (party.name, MARKET.code, "样例经办"):
        expect(banner).to_contain_text(shown)
    page.goto("/staff/audit")
    visitor.sees("desk-refused")
    expect(banner).to_contain_text(party.name)
    page.goto("/me/repair")
    expect(banner).to_contain_text(party.name)
    page.locator("textarea").fill("样例：罚款已缴清。")
    page.locator("input[name=commitment]").check()
    page.locator("main form button").click()
    page.locator("main form button").first.click()
    visitor.sees("desk-submitted")
    expect(page.locator(".govuk-panel")).to_be_visible()
    with page.expect_navigation():
        banner.locator("button").click()
    assert page.url == visitor.address + "/staff/desk"
    assert banner.count() == 0
    page.goto("/me")
    visitor.sees("desk-ended")
    assert party.name not in page.content()
    itself = visit(visitor.look)
    itself.sign_in(party.identifier, back_to="/me/looks")
    rows = itself.page.locator("tbody tr", has_text=AT_THE_DESK[visitor.look.language])
    expect(rows.first).to_contain_text(MARKET.code)
    rows.first.locator("a").click()
    itself.sees("look-at-the-desk")
    expect(itself.page.locator("main dl")).to_contain_text(MARKET.code)
    assert itself.page.locator("form[action='/desk/end']").count() == 0


def begin_at_the_desk(visitor: Visitor, *, number: str, name: str, declared: bool) -> None:
    """Fill the desk's form in, and send it."""
    page = visitor.page
    page.locator("#identifier_kind").select_option("uscc")
    for field, value in {"identifier": number, "name": name, "matter": "样例-窗口-17"}.items():
        page.locator(f"#{field}").fill(value)
    page.locator("#declared").set_checked(declared)
    sent(page)
