"""The head of an authority puts the last day of a decision off, once; the party reads until when and why."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from standalone.sample import MARKET
from tests.browser.test_staff import apply_for_repair, on_duty, sent
from tests.browser.visitor import LOOKS, Look, Visitor
from tests.support.running_house import RunningHouse

WHY = "样例：需要向外地核实。"


def test_the_head_puts_the_last_day_off_and_the_party_reads_why(
    visitor: Visitor, visit: Callable[[Look], Visitor], running_house: RunningHouse
) -> None:
    application_id = apply_for_repair(running_house, f"9783{LOOKS.index(visitor.look)}")
    page = visitor.page
    on_duty(visitor, MARKET, "repair_officer repair_head", subject="样例-head-1", page="/staff/repair")
    page.locator(f"main a[href='/staff/repair/{application_id}']").click()
    page.locator("input[value=accept]").check()
    sent(page)
    later = page.locator("form[action$='/extension']")
    with page.expect_navigation():
        later.locator("button").click()
    visitor.sees("staff-repair-extension-fault")
    assert page.locator(".govuk-error-summary a[href='#extension']").count() == 1
    later.locator("textarea").fill(WHY)
    with page.expect_navigation():
        later.locator("button").click()
    visitor.sees("staff-repair-extended")
    assert later.count() == 0  # once
    assert page.locator("form[action$='/decision']").count() == 1
    party = visit(visitor.look)
    party.sign_in(running_house.repaired[0].identifier, back_to="/me/applications")
    party.page.locator(f"main a[href='/me/applications/{application_id}']").click()
    party.sees("application-extended")
    expect(party.page.locator("main dl")).to_contain_text(WHY)
