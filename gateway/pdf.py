"""A page of ours as a PDF: what it shows on paper, with its title and language. No text is the PDF's own.

Fonts are named, not shipped: PDF readers bring the one for Chinese themselves. A long page takes seconds of the
processor, so `pressed` makes it in a process of its own, one after the other: this module run, HTML in, PDF out.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE
from html import escape
from html.parser import HTMLParser
from io import BytesIO
from typing import Any

from reportlab.lib.colors import Color
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.platypus import CondPageBreak, Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

FONT = "STSong-Light"
MARGIN = 18 * mm
_SIZES = {"h1": 18.0, "h2": 14.0, "h3": 11.0, "p": 9.5, "small": 8.5}
_LATIN = re.compile(r"[!-~][ -~]*")
"""What a font for Chinese sets too tight to be read."""
_BEYOND = re.compile(r"[\U00010000-\U0010FFFF]")
"""Characters that its encoding lacks, rare ones in names among them: they stand as their code points."""
_TOGETHER = 200
"""Rows laid out together: each page lays out anew what is left of them."""
_CELLS = ("dt", "dd", "th", "td")
_LINES: Any = [("LINEBELOW", (0, 0), (-1, -1), 0.4, Color(0.6, 0.6, 0.6)), ("VALIGN", (0, 0), (-1, -1), "TOP")]
registerFont(UnicodeCIDFont(FONT))


_ONE_AT_A_TIME = asyncio.Semaphore(1)


async def pressed(page: str) -> bytes:
    """The PDF of a page's HTML, made beside the work of others."""
    async with _ONE_AT_A_TIME:
        press = await asyncio.create_subprocess_exec(sys.executable, "-m", __name__, stdin=PIPE, stdout=PIPE)
        try:
            made, _ = await press.communicate(page.encode())
        finally:
            if press.returncode is None:
                press.kill()
    if press.returncode:
        raise RuntimeError(f"the PDF was not made: exit code {press.returncode}")
    return made


def pdf(page: str) -> bytes:
    """Make the PDF of a page's HTML."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    made, (title, _, author) = BytesIO(), reader.title.rpartition(" – ")
    document = SimpleDocTemplate(
        made,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
        title=title,
        author=author,
        lang=reader.language,
    )
    document.build(reader.parts, onFirstPage=_numbered, onLaterPages=_numbered)
    return made.getvalue()


def _numbered(canvas: Any, document: Any) -> None:
    canvas.setFont(FONT, 8.5)
    canvas.drawCentredString(A4[0] / 2, 10 * mm, str(document.page))


class _Reader(HTMLParser):
    """Reads headings, paragraphs, lists of facts and tables within `main`, without what is not for paper."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.language = "", ""
        self.parts: list[Flowable] = []
        self._within = False
        self._skipped = 0
        self._text: list[str] = []
        self._rows: list[list[Paragraph]] = []
        self._heads = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        given = dict(attrs)
        if tag == "html":
            self.language = given.get("lang") or ""
        if self._skipped or "chengxin-no-print" in (given.get("class") or ""):
            self._skipped += 1
        elif tag == "main":
            self._within = True
        elif tag in ("tr", "dt"):
            self._rows.append([])
        elif "caption" in (given.get("class") or ""):
            self._text.append("\n")
        if tag == "title" or tag in _SIZES or tag in _CELLS:
            self._text = []

    def handle_data(self, data: str) -> None:
        """Take text."""
        if not self._skipped:
            self._text.append(" ".join(data.split()) if data.strip() else " ")

    def handle_endtag(self, tag: str) -> None:
        """End an element, and make of it what it is on paper."""
        if self._skipped:
            self._skipped -= 1
        elif tag == "title":
            self.title = "".join(self._text).strip()
        elif tag == "main":
            self._within = False
        elif not self._within:
            return
        elif tag in _CELLS:
            self._rows[-1].append(self._paragraph("small"))
        elif tag == "thead":
            self._heads = len(self._rows)
        elif tag in _SIZES:
            self.parts += [CondPageBreak(30 * mm if tag != "p" else 0), self._paragraph(tag)]
        elif tag in ("table", "dl") and self._rows:
            columns = max(map(len, self._rows))
            rows: Any = [[*row, *[""] * (columns - len(row))] for row in self._rows]
            width = (A4[0] - 2 * MARGIN) / (columns if tag == "table" else 1)
            widths = [width] * columns if tag == "table" else [width * 0.3, width * 0.7]
            heads, rows = rows[: self._heads], rows[self._heads :]
            for at in range(0, len(rows), _TOGETHER):
                part = [*heads, *rows[at : at + _TOGETHER]]
                self.parts.append(Table(part, widths, repeatRows=self._heads, splitInRow=1, style=_LINES))
            self.parts.append(Spacer(0, 3 * mm))
            self._rows, self._heads = [], 0

    def _paragraph(self, kind: str) -> Paragraph:
        # Readers of PDF take text for markup as browsers do: escaped, it is text.
        text = escape("".join(self._text).strip())
        text = _BEYOND.sub(lambda beyond: f"〔U+{ord(beyond.group()):X}〕", text)
        text = _LATIN.sub(r'<font name="Helvetica">\g<0></font>', text).replace("\n", "<br/>")
        size = _SIZES[kind]
        style = ParagraphStyle(
            kind,
            fontName=FONT,
            fontSize=size,
            leading=size * 1.4,
            spaceBefore=size / 2,
            spaceAfter=size / 4,
            wordWrap="CJK" if self.language.startswith("zh") else None,
        )
        self._text = []
        return Paragraph(text, style)


if __name__ == "__main__":
    os.nice(5)
    sys.stdout.buffer.write(pdf(sys.stdin.buffer.read().decode()))
