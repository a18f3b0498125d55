"""The story's browser without scripts: what it reads from pages, sends from forms, and says of errors."""

from __future__ import annotations

from urllib.parse import parse_qsl

import httpx
import pytest

from standalone.story.browsing import Browser, Page, PageError

FORM = """<title>t</title><main><a href="/b">two</a><a href="/b">again</a><p class="x y">one<br>more &amp; <b>bold</p>
<table><tr><td>1<td>2</tr></table>
<form action="/sent"><input type="hidden" name="csrf_token" value="a&amp;b"><input type="hidden" name="r" value="1">
<input type="hidden" name="r" value="2"><input type="checkbox" name="c" value="yes">
<input type="radio" name="d" value="0">
<input type="radio" name="d" value="1" checked><textarea name="t">
two
lines</textarea><input name="typed"><input type="file" name="file"><button name="choice" value="x">go</button></form>
<form><input type="hidden" name="other" value="3"></form></main>"""
PROBLEM = """<p class="govuk-error-message">Too <b>late</b></p><div class="govuk-details__text">LATE</div>"""


def browser(asked: list[httpx.Request], status: int = 200) -> Browser:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.method == "POST":
            return httpx.Response(303, headers={"Location": "/after"})
        return httpx.Response(status, text=FORM if status == 200 else PROBLEM)

    return Browser(httpx.Client(base_url="http://house.test", transport=httpx.MockTransport(answer)))


def test_it_reads_links_and_elements() -> None:
    page = Page(httpx.URL("http://house.test/a"), FORM)
    assert page.links("/b") == ["/b"]
    assert [one.text for one in page.all("p", style="y")] == ["one\nmore & bold"]
    (row,) = page.all("tr")
    assert [one.text for one in page.all("td", within=row)][-1] == "2"


def test_a_form_sends_what_the_page_put_into_it_in_its_order() -> None:
    asked: list[httpx.Request] = []
    pages = browser(asked)
    after = pages.send(pages.open("/a"), "/sent", {"typed": "1\n2", "choice": "x", "c": "yes"})
    assert after.url.path == "/after"
    sent = [("csrf_token", "a&b"), ("r", "1"), ("r", "2"), ("c", "yes"), ("d", "1"), ("t", "two\r\nlines")]
    assert parse_qsl(asked[1].content.decode()) == [*sent, ("typed", "1\r\n2"), ("choice", "x")]


def test_files_come_after_the_fields() -> None:
    asked: list[httpx.Request] = []
    pages = browser(asked)
    pages.send(pages.open("/a"), "/sent", {}, file=("样例.txt", b"content", "text/plain"))
    body = asked[1].content
    assert body.index(b"csrf_token") < body.index(b"content\r\n")


def test_a_form_without_an_address_goes_to_its_page() -> None:
    asked: list[httpx.Request] = []
    pages = browser(asked)
    pages.send(pages.open("/a"), "/a", {})
    assert (asked[1].url.path, asked[1].content) == ("/a", b"other=3")


def test_what_a_page_lacks_is_said() -> None:
    pages = browser([])
    page = pages.open("/a")
    with pytest.raises(PageError, match="no form for /elsewhere"):
        pages.send(page, "/elsewhere", {})
    with pytest.raises(PageError, match="asks for no name"):
        pages.send(page, "/sent", {"name": "x"})
    with pytest.raises(PageError, match="no link to /c"):
        pages.follow(page, "/c")


def test_an_error_is_read_from_its_page() -> None:
    with pytest.raises(PageError, match=r"^/a: 409 Too late LATE$"):
        browser([], 409).open("/a")
    assert browser([], 401).open("/a").url.path == "/a"  # the page that offers to sign in
