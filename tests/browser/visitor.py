"""Somebody at a browser: opens pages, looks at each of them whole, keeps what was seen."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Response, expect

HERE = Path(__file__).parent
WIDTHS = {"desktop": 1100, "phone": 320}
TITLES = {"zh": "诚信：公共信用信息", "en": "Chengxin: public credit information"}
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
"""What axe holds pages against: WCAG 2.2 A and AA."""


@dataclass(frozen=True, slots=True)
class Look:
    """A language (zh, en), a width (desktop, phone: 320 px), with scripts or without."""

    language: str
    width: str
    scripts: bool

    def __str__(self) -> str:
        return f"{self.language}-{self.width}-{'scripts' if self.scripts else 'plain'}"


LOOKS = [
    Look(language, width, scripts)
    for language in TITLES
    for width in WIDTHS
    for scripts in (True, False)
    if os.environ.get("CHENGXIN_LOOKS") == "all" or (language == "zh") ^ (width == "phone") == scripts
]
"""Four of the eight ways, in which every two settings meet; all eight with CHENGXIN_LOOKS=all (make looks)."""


class Visitor:
    """One browser with cookies of its own. Every page it `sees` must be sound; `page` is Playwright's."""

    def __init__(self, browser: Browser, address: str, look: Look, screens: Path) -> None:
        self.address = address
        self.look = look
        self._screens = screens
        self._context = browser.new_context(
            base_url=address,
            viewport={"width": WIDTHS[look.width], "height": 900},
            locale={"zh": "zh-CN", "en": "en-GB"}[look.language],
            java_script_enabled=look.scripts,
        )
        self._context.set_default_timeout(20_000)
        self.page = self._context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def close(self) -> None:
        """Close the browser's window and forget its cookies."""
        self._context.close()

    def open(self, path: str, *, status: int = 200) -> None:
        """Go to a page, which answers with that status, and see it."""
        answer: Response | None = self.page.goto(path)
        assert answer is not None
        assert answer.status == status, f"{path}: {answer.status}"
        self.sees()

    def sign_in(self, party: str, *, back_to: str = "/me") -> None:
        """Sign in as a party of a code at the development provider, from the page that asks for it."""
        self.page.goto(back_to)
        self.page.locator("main a.govuk-button").click()
        self.page.locator("input[name=name]").fill("样例主体")
        self.page.locator("input[name=identifier]").fill(party)
        self.page.locator("button[value=typed]").click()
        assert self.page.url == self.address + back_to
        self.sees()

    def press(self, text: str) -> None:
        """Follow the link or press the button of that text, and see what comes."""
        main = self.page.locator("main")
        with self.page.expect_navigation():
            main.get_by_role("link", name=text).or_(main.get_by_role("button", name=text)).first.click()
        self.sees()

    def sees(self, name: str = "") -> None:
        """Look at the page as a whole: titled, in its language, nothing beside the edge, no violation, kept."""
        page = self.page
        page.wait_for_load_state()
        expect(page).to_have_title(re.compile(f"{re.escape(TITLES[self.look.language])}$"), timeout=20_000)
        assert page.locator("h1").count() == 1
        if self.look.scripts:  # the page is the same without, and axe is one
            found = violations(page.evaluate(axe()))
            assert found == [], f"{page.url}: {found}"
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider == 0, f"{page.url} is {wider} px too wide"
        assert self.complaints == [], page.url
        path = name or page.url.removeprefix(self.address).split("?")[0].strip("/").replace("/", "-") or "start"
        self._screens.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=self._screens / f"{path[:60]}.png", full_page=True)

    def _said(self, message: ConsoleMessage) -> None:
        # Chromium tells of every answer that is a refusal; the tests look at those themselves.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


@cache
def axe() -> str:
    """An expression that runs axe over the page and gives its result."""
    source = (HERE / "axe" / "axe.min.js").read_text()
    return f"(async () => {{ {source}\n return await axe.run(document, {{runOnly: {STANDARDS}}}); }})()"


def violations(result: dict[str, Any]) -> list[str]:
    """What axe found: rule and where, for each element."""
    return [f"{rule['id']}: {node['target']}" for rule in result["violations"] for node in rule["nodes"]]
