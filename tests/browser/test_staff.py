"""The consoles of officials: a repair officer decides an application, an auditor follows a finding to its end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from gateway.journeys.audit.questions import QUESTIONS
from standalone.sample import AUDITOR, MARKET, PROCUREMENT, SampleAuthority
from standalone.story.cast import Visitor as PartyOnTheApi
from standalone.story.sharing import finding, found
from standalone.story.stage import TENDER
from tests.browser.visitor import LOOKS, Look, Visitor
from tests.support.running_house import RunningHouse

ZH = Look("zh", "desktop", scripts=False)
EVIDENCE = "样例缴款回执"


def on_duty(visitor: Visitor, authority: SampleAuthority, role: str, *, subject: str, page: str) -> None:
    """Sign in as an official, from the page that asks for it."""
    visitor.page.goto(page)
    visitor.page.locator("main a.govuk-button").click()
    for name, value in {"name": "样例经办", "sub": subject, "authority": authority.code, "roles": role}.items():
        visitor.page.locator(f"input[name={name}]").fill(value)
    visitor.page.locator("button[value=typed]").click()
    assert visitor.page.url == visitor.address + page
    visitor.sees()


def sent(page: Page) -> None:
    """Send the form of the page, and wait for what comes."""
    with page.expect_navigation():
        page.locator("main form button").first.click()


def apply_for_repair(house: RunningHouse, number: str) -> str:
    """A party applies, with one piece of evidence; gives the number of the application."""
    party = house.repaired[0]
    record_id = finding(house, party, days_ago=120, number=number)
    signed_in = PartyOnTheApi(house.gateway, party)
    signed_in.sign_in()
    new = {"record_id": record_id, "correction": "样例：罚款已缴清。", "commitment": True}
    sent = signed_in.post("/me/applications", json=new, headers={"Idempotency-Key": record_id})
    application_id = sent["application"]["application_id"]
    signed_in.post(
        f"/me/applications/{application_id}/evidence",
        data={"description": "缴款回执"},
        files={"file": ("样例回执.txt", EVIDENCE.encode(), "text/plain")},
    )
    signed_in.close()
    return application_id


@pytest.fixture
def application_id(running_house: RunningHouse, look: Look) -> str:
    """An application of its own for each way of looking."""
    return apply_for_repair(running_house, f"88{LOOKS.index(look):02d}")


def test_a_repair_officer_takes_an_application_to_its_end(
    visitor: Visitor, application_id: str, running_house: RunningHouse
) -> None:
    page = visitor.page
    on_duty(visitor, MARKET, "repair_officer", subject="样例-repair-1", page="/staff/repair")
    page.locator(f"main a[href='/staff/repair/{application_id}']").click()
    visitor.sees("staff-repair-handed-in")
    with page.expect_download() as download:
        page.locator("main a[download]").click()
    assert Path(download.value.path()).read_text() == EVIDENCE
    sent(page)
    visitor.sees("staff-repair-fault")
    assert page.locator(".govuk-error-summary a[href='#outcome']").count() == 1
    page.locator("input[value=accept]").check()
    sent(page)
    visitor.sees("staff-repair-accepted")
    page.locator("input[value=grant]").check()
    page.locator("textarea[name=reasons]").fill("样例：已核实。")
    sent(page)
    visitor.sees("staff-repair-lost-nothing")
    assert page.locator(".govuk-error-summary a[href='#verification']").count() == 1
    assert page.locator("textarea[name=reasons]").input_value() == "样例：已核实。"
    page.locator("textarea[name=verification]").fill("样例：查验回执。")
    sent(page)
    visitor.sees("staff-repair-decided")
    assert page.locator("main form").count() == 0
    assert "样例：已核实。" in page.locator("main").inner_text()


def test_another_authority_sees_nothing_of_it(visit: Callable[[Look], Visitor], running_house: RunningHouse) -> None:
    application_id = apply_for_repair(running_house, "8899")
    stranger, party = visit(ZH), visit(ZH)
    stranger.page.goto("/staff/repair")
    on_duty(stranger, MARKET, "repair_officer", subject="样例-repair-1", page="/staff/repair")
    assert application_id[:8] in stranger.page.locator("main").inner_text()
    stranger.page.locator("header button, .chengxin-account button").first.click()
    stranger.page.goto("/staff/repair")
    stranger.page.locator("main a.govuk-button").click()
    for name, value in {"sub": "样例-9", "authority": PROCUREMENT.code, "roles": "repair_officer"}.items():
        stranger.page.locator(f"input[name={name}]").fill(value)
    stranger.page.locator("button[value=typed]").click()
    stranger.open("/staff/repair", status=403)  # no system of that authority is enrolled for repairs
    stranger.open(f"/staff/repair/{application_id}", status=404)
    party.sign_in(running_house.known_party)
    party.open("/staff/repair", status=403)


def test_an_auditor_asks_and_follows_a_matter_to_its_end(visitor: Visitor, running_house: RunningHouse) -> None:
    page = visitor.page
    assert found(running_house, running_house.procurement, running_house.listed, TENDER)
    on_duty(visitor, AUDITOR, "auditor", subject="样例-auditor-1", page="/staff/audit")
    page.locator("input[name=basis]").fill("样例审计〔2026〕1号")
    page.locator("input[name=subject]").fill(running_house.known_party)
    page.locator("main button").first.click()
    visitor.sees("staff-audit-answer")
    assert "audit" in page.locator(".govuk-inset-text").inner_text()
    assert running_house.known_party not in page.url
    page.locator("main td + th a").first.click()
    visitor.sees("staff-audit-report")
    page.locator("textarea").fill(f"样例：没有事项。{visitor.look}")
    sent(page)
    visitor.sees("staff-audit-matter")
    page.locator("textarea").fill("样例：核对登记簿。")
    sent(page)
    visitor.sees("staff-audit-taken-up")
    page.locator("input[value=yes]").check()
    page.locator("textarea").fill("样例：属于滥用。")
    sent(page)
    visitor.sees("staff-audit-second-official")
    assert page.locator("textarea").input_value() == "样例：属于滥用。"
    matter = page.url.removeprefix(visitor.address)
    page.locator(".chengxin-account button").click()
    on_duty(visitor, AUDITOR, "auditor", subject="样例-auditor-2", page="/staff/audit/matters")
    visitor.open(matter)
    page.locator("input[value=yes]").check()
    page.locator("textarea").fill("样例：属于滥用。")
    sent(page)
    visitor.sees("staff-audit-decided")
    page.locator("textarea").fill("样例：已经处理。")
    sent(page)
    visitor.sees("staff-audit-ended")
    assert page.locator("main form").count() == 0
    visitor.open("/staff/audit/matters")


def test_every_question_of_an_auditor_is_answered(
    visit: Callable[[Look], Visitor], running_house: RunningHouse
) -> None:
    visitor = visit(Look("en", "desktop", scripts=True))
    on_duty(visitor, AUDITOR, "auditor", subject="样例-auditor-1", page="/staff/audit")
    asked = visitor.page.locator("input[name=question]").count()
    for place in range(asked):
        visitor.page.locator("input[name=question]").nth(place).check()
        visitor.page.locator("input[name=basis]").fill("样例审计〔2026〕2号")
        visitor.page.locator("input[name=authority]").fill(running_house.market.authority.code)
        visitor.page.locator("main button").first.click()
        visitor.sees(f"staff-audit-question-{place}")
        assert visitor.page.locator("#answer").count() == 1
    assert asked == len(QUESTIONS)
    with visitor.page.expect_download() as download:
        visitor.page.locator("button[formaction]").click()
    assert Path(download.value.path()).read_text().startswith("at,source,entry_id,")
