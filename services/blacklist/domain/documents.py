"""The notice and the decision as texts in Chinese, whole in templates/: every section stands in each.

What must be in them: 54号 clause 8 (事由、依据、失信惩戒措施提示、移出条件和程序、救济措施); Administrative Penalty
Law arts. 44 and 59; the notice of the repair path goes out with the decision (两书同达).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from foundation.calendar import Deadline
from foundation.personal import Personal
from foundation.policy import Measure, PublicityPeriod, Scheme
from services.blacklist.domain.dossier import Answered, FactsFound, Party, StandardMatched, Stated

SERVICE_METHODS = {"in_person": "直接送达", "post": "邮寄送达", "electronic": "电子送达"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What every document of a case begins with."""

    case_id: UUID
    authority: str
    sample: bool
    scheme: Scheme
    party: Party
    matched: StandardMatched
    found: FactsFound
    heard: tuple[tuple[Stated, Answered], ...] = field(default=(), repr=False)


def notice(
    subject: Subject, measures: Sequence[Measure], *, served_on: date, method: str, window: Deadline
) -> Personal:
    """The notice of facts, reasons, basis and rights (拟列入告知书), as served on `served_on`."""
    served = {"served_on": served_on, "method": SERVICE_METHODS[method], "window": window}
    return _written("notice.txt", subject, number=None, measures=measures, **served)


def listing_decision(
    subject: Subject,
    measures: Sequence[Measure],
    *,
    number: Personal,
    reasons: Personal,
    decided_on: date,
    published: bool,
    period: PublicityPeriod,
) -> Personal:
    """The decision to list (列入决定书), with the notice of the repair path."""
    decided = {"number": number, "reasons": reasons, "decided_on": decided_on}
    publicity = {"published": published, "period": period}
    return _written("listing_decision.txt", subject, measures=measures, **decided, **publicity)


def drop_decision(subject: Subject, *, number: Personal, reasons: Personal, decided_on: date) -> Personal:
    """The decision not to list (不予列入决定书)."""
    return _written("drop_decision.txt", subject, number=number, reasons=reasons, decided_on=decided_on)


def _written(template: str, subject: Subject, **said: Any) -> Personal:
    criteria = {criterion.code: criterion.text for criterion in subject.scheme.criteria}
    known = {"subject": subject, "scheme": subject.scheme, "party": subject.party, "found": subject.found}
    text = _TEMPLATES.get_template(template).render(**known, criteria=criteria, **said)
    return Personal(re.sub("\n{3,}", "\n\n", text))


def _own_words(text: Personal) -> str:
    """What an official or the party wrote, set in, so that it can't pass for a heading of the document."""
    return "\n".join(f"　　{_one_line(Personal(line))}" for line in text.reveal().splitlines() if line.strip())


def _one_line(text: Personal) -> str:
    return "".join(c if c.isprintable() else " " for c in text.reveal()).strip()


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


_TEMPLATES = Environment(  # noqa: S701 - plain text, whose own dangers are line breaks and headings: see _own_words
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters.update(own_words=_own_words, one_line=_one_line, day=_day, revealed=Personal.reveal)
