"""A party sees who looked and keeps the proof; applies for repair, follows it, takes it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Locator, Page

from standalone.sample import HOUSING, LABOUR, TAX
from standalone.story.cast import Department
from standalone.story.sharing import finding, found, penalty
from standalone.story.stage import TENDER
from tests.browser.visitor import LOOKS, Look, Visitor
from tests.support.running_house import RunningHouse

PLAIN, SCRIPTS = Look("en", "phone", scripts=False), Look("zh", "desktop", scripts=True)
Visit = Callable[[Look], Visitor]


def test_a_party_sees_who_looked_and_keeps_the_receipt(visitor: Visitor, running_house: RunningHouse) -> None:
    found(running_house, running_house.procurement, running_house.listed, TENDER)
    visitor.sign_in(running_house.known_party, back_to="/me/looks")
    page = visitor.page
    row = page.locator("tbody tr", has_text=running_house.procurement.authority.code).first
    row.locator("a").click()
    visitor.sees("look")
    waiting = page.locator(".govuk-inset-text a")  # until the log has taken it up, within a second or two
    for _ in range(20):
        if not waiting.count():
            break
        waiting.click()
    receipt = page.context.request.get(page.url + "/receipt.txt")
    assert receipt.text().startswith("c2sp.org/tlog-proof")
    assert "--vkey" in page.locator("main pre").first.inner_text()


def test_a_party_applies_follows_and_takes_back(visitor: Visitor, running_house: RunningHouse) -> None:
    party = running_house.world.enterprises[20 + LOOKS.index(visitor.look)]
    finding(running_house, party, days_ago=120, number=f"974{LOOKS.index(visitor.look)}")
    visitor.sign_in(party.identifier, back_to="/me/repair")
    page = visitor.page
    page.locator("textarea").fill("罚款已缴清。\n<b>已整改</b>")
    page.locator("main form button").click()
    visitor.sees("repair-error")  # the commitment is missing, and what was typed is still there
    assert page.locator("textarea").input_value() == "罚款已缴清。\n<b>已整改</b>"
    page.locator("input[name=commitment]").check()
    page.locator("main form button").click()
    visitor.sees("repair-check")
    page.locator("main form button").first.click()
    visitor.sees("repair-submitted")
    page.go_back()  # to where nothing is left to be sent
    assert page.locator("textarea").count() == 0
    visitor.open("/me/applications")
    assert page.locator("tbody tr").count() == 1
    page.locator("tbody a").click()
    visitor.sees("application")
    page.locator("input[name=description]").fill("收据")
    page.locator("input[name=file]").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"paid"})
    page.locator("main form button").click()
    visitor.sees("application-evidence")
    assert "a.txt" in page.locator("main").inner_text()
    page.locator("main a[href$=withdraw]").click()
    visitor.sees("withdraw")
    page.locator("main form button").click()
    visitor.sees("application-withdrawn")
    assert page.locator("main a[href$=withdraw]").count() == 0


def test_six_records_of_four_authorities_take_one_form(visit: Visit, running_house: RunningHouse) -> None:
    party, house = running_house.world.enterprises[41], running_house.house
    providers = [
        running_house.market,
        *(Department(house, one, "provider", "consumer") for one in (TAX, LABOUR, HOUSING)),
    ]
    for number, provider in enumerate([*providers, *providers[:2]]):
        record = penalty(running_house, party, days_ago=120 + number, number=f"972{number}")
        document = replace(record.document, authority=provider.authority.code)
        (result,) = provider.client.submit([replace(record, document=document)])
        assert result.refusal is None, result.refusal
    visitor = visit(PLAIN)
    visitor.sign_in(party.identifier, back_to="/me/repair")
    page, clicks = visitor.page, 0

    def click(what: Locator) -> None:
        nonlocal clicks
        what.click()
        clicks += 1

    for box in page.locator("input[name=record]").all():
        click(box)
    page.locator("textarea").fill("罚款均已缴清。")
    click(page.locator("input[name=commitment]"))
    click(page.locator("main form button"))
    visitor.sees("repair-six-check")
    click(page.locator("main form button").first)
    visitor.sees("repair-six-submitted")
    assert page.locator("main .chengxin-code").count() == 6
    assert clicks == 6 + 3
    visitor.open("/me/applications")
    assert page.locator("tbody tr").count() == 6
    for provider in providers[1:]:
        provider.close()


def test_the_keyboard_alone_is_enough(visit: Visit, running_house: RunningHouse) -> None:
    party = running_house.world.enterprises[40]
    finding(running_house, party, days_ago=120, number="9710")
    visitor = visit(SCRIPTS)
    visitor.sign_in(party.identifier, back_to="/me/repair")
    page = visitor.page
    tab_to(page, "correction")
    page.keyboard.type("已缴清")
    tab_to(page, "commitment")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("input[name=correction]", state="attached")
    while not page.evaluate("document.activeElement.matches('main button')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/submitted**")
    visitor.sees("repair-keyboard")
    assert page.locator(".govuk-panel").count() == 1


def test_everything_about_me_is_one_page_and_one_file(visit: Visit, running_house: RunningHouse) -> None:
    visitor = visit(PLAIN)
    visitor.sign_in(running_house.known_party, back_to="/me/file")
    file = visitor.page.context.request.get(visitor.address + "/me/file.json").json()
    assert file["records"]["records"][0]["fields"]
    assert file["looks"]["accesses"]


def tab_to(page: Page, element_id: str) -> None:
    """Press the tab key until that element has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == element_id:
            return
    raise AssertionError(f"{element_id} cannot be reached")
