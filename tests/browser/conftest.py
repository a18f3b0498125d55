"""A whole sample house behind a real browser: Debian's chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.visitor import LOOKS, Look, Visitor
from tests.support.running_house import RunningHouse

SCREENS = Path(__file__).resolve().parents[2] / "test-output" / "screens"
"""Where what was seen is kept, a folder for each way of looking."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, for one file: Playwright keeps an event loop at work, beside which no asynchronous test runs.

    A machine without one fails the test: skipped tests would prove nothing.
    """
    path = os.environ.get("CHENGXIN_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "No chromium: apt-get install chromium fonts-noto-cjk, or name one with CHENGXIN_CHROMIUM"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # which chromium refuses to use as root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(params=LOOKS, ids=str)
def look(request: pytest.FixtureRequest) -> Look:
    """One way of looking: language, width, with or without scripts."""
    return request.param


@pytest.fixture
def visit(chromium: Browser, running_house: RunningHouse) -> Iterator[Callable[[Look], Visitor]]:
    """Open a visitor's browser; what it kept is gone afterwards."""
    opened: list[Visitor] = []

    def make(look: Look) -> Visitor:
        visitor = Visitor(chromium, running_house.gateway, look, SCREENS / str(look))
        opened.append(visitor)
        return visitor

    yield make
    for visitor in opened:
        visitor.close()


@pytest.fixture
def visitor(visit: Callable[[Look], Visitor], look: Look) -> Visitor:
    """Somebody who looks in each of the ways."""
    return visit(look)
