"""Collects the texts of the pages into a file beside each folder's templates, keeping what is translated.

`zh.po` holds every text of its folder. The words for the contract's enums and for codes of data that pages show, each
in a context of its own (`SEVERITY_SLIGHT` in `Severity`), stand in gateway/templates, in `en.po` as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from google.protobuf.descriptor import EnumDescriptor

from chengxin.audit.v1 import misuse_pb2
from chengxin.catalog.v1 import record_pb2
from chengxin.common.v1 import common_pb2
from chengxin.repair.v1 import repair_pb2
from foundation.policy import LawBook
from foundation.settings import LAW
from gateway.problems import KINDS
from scripts.refusals import Group, groups

GATEWAY = Path(__file__).resolve().parent.parent / "gateway"
SHARED = GATEWAY / "templates"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3)}
SHOWN: tuple[EnumDescriptor, ...] = (
    common_pb2.Severity.DESCRIPTOR,
    common_pb2.DocumentKind.DESCRIPTOR,
    record_pb2.EndReason.DESCRIPTOR,
    repair_pb2.ApplicationState.DESCRIPTOR,
    misuse_pb2.MisuseState.DESCRIPTOR,
)
"""Enums whose values pages show."""
CODES = {"Decision", "Kind", "Withheld"}
"""Contexts of codes that no contract lists: what en.po says in them is kept, and zh.po says it too."""


def files() -> dict[Path, str]:
    """Every file of texts as it should be: what is there now, with new texts added and unused ones dropped."""
    folders = {template.parent for template in GATEWAY.rglob("*.html")}
    wanted = {folder / "zh.po": texts for folder in folders if (texts := _collected(folder))}
    wanted[SHARED / "en.po"] = _words(Catalog())
    _words(wanted[SHARED / "zh.po"])
    for language, parts in (("zh", groups()), ("en", groups()[-1:])):
        wanted[SHARED / "reasons" / f"{language}.po"] = _reasons(Catalog(), parts)
        wanted[SHARED / "purposes" / f"{language}.po"] = _purposes(language)
    return {file: _merged(file, catalog) for file, catalog in sorted(wanted.items())}


def untranslated(file: Path) -> Iterator[str]:
    """Texts of a file that have no translation yet."""
    with file.open("rb") as source:
        for message in read_po(source):
            whole = all(message.string) if isinstance(message.string, tuple) else message.string
            if message.id and not whole:
                yield str(message.id)


def _collected(folder: Path) -> Catalog:
    catalog = Catalog()
    for _file, _line, message, comments, context in extract_from_dir(
        folder, [("*.html", "jinja2.ext.babel_extract")], keywords=KEYWORDS
    ):
        catalog.add(message, auto_comments=comments, context=context)
    return catalog


def _words(catalog: Catalog) -> Catalog:
    for _status, title in KINDS.values():
        catalog.add(title, context="Problem")
    for enum in SHOWN:
        for value in enum.values:
            if value.number:
                catalog.add(value.name, context=enum.name)
    with (SHARED / "en.po").open("rb") as source:
        for message in read_po(source, locale="en"):
            if message.context in CODES:
                catalog.add(message.id, context=message.context)
    return catalog


def _purposes(language: str) -> Catalog:
    """The titles of purposes, as law/purposes.yaml has them."""
    catalog = Catalog()
    for purpose in LawBook.load(LAW).purposes:
        catalog.add(purpose.code, purpose.title if language == "zh" else purpose.title_en, context="Purpose")
    return catalog


def _reasons(catalog: Catalog, parts: Iterable[Group]) -> Catalog:
    for part in parts:
        for reason in part.reasons:
            catalog.add(reason.code, context="Reason")
            catalog.add(reason.code, context="Remedy")
    return catalog


def _merged(file: Path, wanted: Catalog) -> str:
    language = file.stem
    kept = Catalog(locale=language)
    if file.exists():
        with file.open("rb") as source:
            kept = read_po(source, locale=language)
    made = Catalog(locale=language)
    for message in wanted:
        if message.id:
            known = kept.get(message.id if isinstance(message.id, str) else message.id[0], message.context)
            text = message.string if message.context == "Purpose" else known.string if known else None
            made.add(message.id, text, context=message.context)
    written = BytesIO()
    write_po(written, made, width=120, omit_header=True, sort_output=True)
    head = (
        f'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n"Plural-Forms: {made.plural_forms}\\n"\n'
    )
    return f"{head}\n{written.getvalue().decode().strip()}\n"
