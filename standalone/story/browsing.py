"""A browser without scripts: it keeps cookies, follows links, and fills in the forms that it finds on pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

import httpx

_HTML = {"Accept": "text/html", "Accept-Language": "zh"}
_EMPTY = frozenset(("base", "br", "hr", "img", "input", "link", "meta"))
"""Elements that hold nothing and are never closed."""
_NOT_SENT = ("checkbox", "radio", "file")
"""Kinds of input that are sent only where they are checked, or a file is chosen."""
_SIGN_IN = 401
File = tuple[str, bytes, str]
"""Name, content and media type."""


class PageError(Exception):
    """A page that says what went wrong, or that lacks what somebody would use on it."""


@dataclass(eq=False)
class Element:
    """One element of a page, with the whole text within."""

    tag: str
    attributes: Mapping[str, str]
    within: tuple[Element, ...]
    text: str = ""


class Page(HTMLParser):
    """A page as it came: its elements in their order."""

    def __init__(self, url: httpx.URL, text: str) -> None:
        super().__init__()
        self.url = url
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        one = Element(tag, {name: value or "" for name, value in attrs}, tuple(self._open))
        self.elements.append(one)
        if tag not in _EMPTY:
            self._open.append(one)
        elif tag == "br":
            self.handle_data("\n")

    def handle_data(self, data: str) -> None:
        """Take text."""
        for one in self._open:
            one.text += data

    def handle_endtag(self, tag: str) -> None:
        """End an element, and what was left open in it."""
        while any(one.tag == tag for one in self._open) and self._open.pop().tag != tag:
            pass

    def all(self, tag: str, *, style: str = "", within: Element | None = None) -> list[Element]:
        """The elements of a kind: those that have a class, those within another one."""
        return [
            one
            for one in self.elements
            if one.tag == tag
            and (not style or style in one.attributes.get("class", "").split())
            and (within is None or within in one.within)
        ]

    def links(self, beginning: str) -> list[str]:
        """The addresses of links that begin so, each once."""
        addresses = [one.attributes.get("href", "") for one in self.all("a")]
        return list(dict.fromkeys(address for address in addresses if address.startswith(beginning)))

    def form(self, action: str) -> Element:
        """The form that is sent to an address. Raises PageError."""
        for one in self.all("form"):
            if one.attributes.get("action", self.url.path) == action:
                return one
        raise PageError(f"{self.url.path} has no form for {action}")

    def sent(self, form: Element, typed: Mapping[str, str]) -> dict[str, list[str]]:
        """What a form sends, in its order; texts with the ends of lines that browsers send. Raises PageError.

        Choices of a list and buttons are sent where they are typed.
        """
        named = [one for one in self.elements if form in one.within and one.attributes.get("name")]
        if missing := typed.keys() - {one.attributes["name"] for one in named}:
            raise PageError(f"{self.url.path} asks for no {', '.join(sorted(missing))}")
        sent: dict[str, list[str]] = {}
        for one in named:
            name, kind = one.attributes["name"], one.attributes.get("type", "")
            if name in typed:
                sent[name] = [typed[name].replace("\n", "\r\n")]
            elif one.tag == "input" and (kind not in _NOT_SENT or "checked" in one.attributes):
                sent.setdefault(name, []).append(one.attributes.get("value", ""))
            elif one.tag == "textarea":
                sent[name] = [one.text.removeprefix("\n").replace("\n", "\r\n")]
        return sent


class Browser:
    """Goes from page to page as somebody does whose browser runs no scripts."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def open(self, address: str | httpx.URL) -> Page:
        """Go to an address, and on to where it leads. Raises PageError, but for the page that offers to sign in."""
        return _read(self._client.get(address, headers=_HTML, follow_redirects=True))

    def follow(self, page: Page, beginning: str) -> Page:
        """Click the first link whose address begins so. Raises PageError."""
        for address in page.links(beginning):
            return self.open(page.url.join(address))
        raise PageError(f"{page.url.path} has no link to {beginning}")

    def send(self, page: Page, action: str, typed: Mapping[str, str], *, file: File | None = None) -> Page:
        """Fill in a form, which has every field that is typed, and send it. Raises PageError."""
        form = page.form(action)
        to = page.url.join(form.attributes.get("action", ""))
        sent, files = page.sent(form, typed), {"file": file} if file else None
        return _read(self._client.post(to, data=sent, files=files, headers=_HTML, follow_redirects=True))


def _read(answer: httpx.Response) -> Page:
    page = Page(answer.url, answer.text)
    if answer.is_error and answer.status_code != _SIGN_IN:
        said = [*page.all("p", style="govuk-error-message"), *page.all("div", style="govuk-details__text")]
        words = " ".join(one.text for one in said).split()
        raise PageError(f"{answer.url.path}: {answer.status_code} {' '.join(words)}")
    return page
