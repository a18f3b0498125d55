"""Pages: a template and what it shows, in the visitor's language, whole without a script.

Templates stand beside their journey's views and show the offices' messages by their contract names; every text is a
message of gettext, English in the template, Chinese in the zh.po beside it. What the offices say in words of their own is
passed on as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from gateway.counter import Anybody, MaybeAnybody, TheCounter, check_csrf

HERE = Path(__file__).parent
ASSETS = "/assets"
LANGUAGES = {"zh": "zh-CN", "en": "en"}
"""The languages of the pages and what HTML calls them; the first is everybody's who asks for no other."""
LANGUAGE_COOKIE = "chengxin-language"
STATUTORY_ZONE = ZoneInfo("Asia/Shanghai")

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of every page: nothing inline, nothing from elsewhere, in nobody's frame."""


class Assets(StaticFiles):
    """Serves what pages load. Addresses carry a digest of all files, so they may be kept for a year."""

    def file_response(self, *args: Any, **kwargs: Any) -> Any:
        """Answer with one file, to be kept."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    @staticmethod
    @cache
    def version() -> str:
        """A short digest of all files."""
        files = sorted((HERE / "assets").iterdir())
        return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def language_of(request: Request) -> str:
    """The language that the address, the cookie or the browser asks for, in this order."""
    asked = [request.query_params.get("lang", ""), request.cookies.get(LANGUAGE_COOKIE, "")]
    asked += [part.split(";")[0].strip()[:2].lower() for part in request.headers.get("accept-language", "").split(",")]
    return next((language for language in asked if language in LANGUAGES), next(iter(LANGUAGES)))


@cache
def texts(language: str) -> NullTranslations:
    """The texts of a language, from the files beside the templates. Templates are written in English."""
    whole, compiled = Catalog(locale=language), BytesIO()
    for file in sorted(HERE.rglob(f"{language}.po")):
        with file.open("rb") as source:
            for message in read_po(source, locale=language):
                whole.add(message.id, message.string, context=message.context)
    write_mo(compiled, whole)
    compiled.seek(0)
    return Translations(compiled)


@pass_context
def day(context: Context, value: str | date) -> str:
    """Write a date (ISO 8601 text or a date) as people do."""
    value = date.fromisoformat(value) if isinstance(value, str) else value
    return format_date(value, "long", locale=context["language"])


@pass_context
def instant(context: Context, value: Timestamp | datetime) -> str:
    """Write an instant in statutory time (Asia/Shanghai), to the second."""
    value = value if isinstance(value, datetime) else value.ToDatetime(tzinfo=STATUTORY_ZONE)
    return format_datetime(value, "yyyy-MM-dd HH:mm:ss", tzinfo=STATUTORY_ZONE, locale=context["language"])


@pass_context
def word(context: Context, message: Message, field: str) -> str:
    """The word for an enum's value in a message: its context in the texts is the enum's name."""
    enum: Any = message.DESCRIPTOR.fields_by_name[field].enum_type
    name = enum.values_by_number[getattr(message, field)].name
    return said(context, name, enum.name)


@pass_context
def said(context: Context, code: str, kind: str, otherwise: str = "") -> str:
    """The text for a code of some kind: `code|said("Purpose")`. Where there is none, `otherwise` or the code itself."""
    text = str(texts(context["language"]).pgettext(kind, code))
    return text if text != code else otherwise or code


@pass_context
def authority(context: Context, code: str) -> Markup:
    """An authority by its name, where the operator gave one, and its code."""
    known = context["authorities"].get(code)
    shown = Markup('<span class="chengxin-code">{}</span>').format(code)
    if known and known.en and context["language"] == "en":
        return escape(known.en) + " " + shown
    return Markup('<span lang="zh-CN">{}</span> {}').format(known.zh, shown) if known else shown


@cache
def environment(language: str) -> Environment:
    """The templates, read for one language."""
    made: Any = Environment(  # its filters and globals take any
        loader=FileSystemLoader([HERE / "templates", HERE / "journeys"]),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(texts(language), newstyle=True)
    made.filters.update(day=day, instant=instant, word=word, said=said, authority=authority)
    made.globals.update(language=language, html_language=LANGUAGES[language], assets=f"{ASSETS}/{Assets.version()}")
    return made


@dataclass(frozen=True)
class Page:
    """One page to be shown to one visitor, in answer to a request."""

    request: Request
    counter: TheCounter
    session: MaybeAnybody

    def show(
        self, template: str, /, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> HTMLResponse:
        """Fill the template in. Besides `values` it knows session, language, languages, path and authorities."""
        language = language_of(self.request)
        text = (
            environment(language)
            .get_template(template)
            .render(
                session=self.session,
                path=self.request.url.path,
                languages=self._in_other_languages(language),
                authorities=self.counter.authorities,
                **values,
            )
        )
        own = {"Content-Security-Policy": CSP, "Content-Language": LANGUAGES[language]}
        response = HTMLResponse(text, status, {**own, **(headers or {})})
        if self.request.query_params.get("lang") == language:
            response.set_cookie(
                LANGUAGE_COOKIE, language, max_age=31536000, secure=self.counter.secure, httponly=True, samesite="lax"
            )
        return response

    def _in_other_languages(self, language: str) -> Mapping[str, str]:
        """The address of this page in each other language."""
        asked = [(name, value) for name, value in self.request.query_params.multi_items() if name != "lang"]
        return {other: "?" + urlencode([*asked, ("lang", other)]) for other in LANGUAGES if other != language}


ThePage = Annotated[Page, Depends()]


async def sent_form(request: Request, session: Anybody) -> FormData:
    """What a form brought, without files; raises Refused(CSRF_TOKEN_WRONG) for one that a page of ours did not make."""
    try:
        form = await request.form(max_files=0, max_fields=200)
    except HTTPException:
        raise Refused(VALUE_INVALID) from None
    check_csrf(session, str(form.get("csrf_token", "")))
    return form


SentForm = Annotated[FormData, Depends(sent_form)]
