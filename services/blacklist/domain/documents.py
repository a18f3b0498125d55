"""The notice and the decision as texts in Chinese. Complete by construction: every section stands in each.

What must be in them: 54号 clause 8 (事由、依据、失信惩戒措施提示、移出条件和程序、救济措施); Administrative Penalty
Law arts. 44 and 59; the notice of the repair path goes out with the decision (两书同达).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from foundation.calendar import Deadline
from foundation.identity import IdentifierKind
from foundation.policy import LegalBasis, Measure, PublicityPeriod, Scheme
from services.blacklist.domain.dossier import Answered, Basis, FactsFound, Party, StandardMatched, Stated
from services.blacklist.domain.leniency import Leniency

_NUMERALS = "一二三四五六七八九十"
SERVICE_METHODS = {"in_person": "直接送达", "post": "邮寄送达", "electronic": "电子送达"}
_IDENTIFIERS = {
    IdentifierKind.USCC: "统一社会信用代码",
    IdentifierKind.RESIDENT_ID: "居民身份证号码",
    IdentifierKind.RESIDENCE_PERMIT: "港澳台居民居住证号码",
    IdentifierKind.PASSPORT: "护照号码",
}
_DOCUMENTS = {
    "judgment": "司法裁判文书",
    "arbitral_award": "仲裁文书",
    "penalty_decision": "行政处罚决定书",
    "administrative_ruling": "行政裁决等行政行为决定文书",
    "other_by_law": "法律、法规规定的其他文书",
}


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


def notice(subject: Subject, measures: Sequence[Measure], *, served_on: date, method: str, window: Deadline) -> str:
    """The notice of facts, reasons, basis and rights (拟列入告知书), as served on `served_on`."""
    bodies = {
        "拟认定的事实": _own_words(subject.found.facts),
        "认定标准和理由": _standard(subject),
        "依据": _grounds(subject),
        "拟提示的失信惩戒措施": _measures(measures),
        "从宽情形的审查": _leniency(subject.found.leniency),
        "你（单位）的权利": [
            "你（单位）有权对上述事实、理由、依据和措施进行陈述和申辩，并有权要求听证。",
            f"陈述、申辩和要求听证的期限自本告知书送达之日起，至{_day(window.on)}（含当日）止{_provisional(window)}。"
            "期限届满前，本机关不作出决定。",
            "本机关将复核你（单位）提出的事实、理由和证据并书面答复；复核期间，上述期限停止计算。",
            "本机关不因陈述、申辩而作出更重的认定或者增加措施。陈述、申辩和听证不收取任何费用。",
        ],
        "拟告知的移出条件、程序和救济措施": [
            f"移出条件：{subject.scheme.removal_conditions}",
            f"移出程序：{subject.scheme.removal_procedure}",
            f"救济措施：{subject.scheme.remedies}",
        ],
    }
    foot = [f"送达方式：{SERVICE_METHODS[method]}", f"送达日期：{_day(served_on)}"]
    return _document("拟列入严重失信主体名单告知书", subject, bodies, foot=foot)


def listing_decision(
    subject: Subject,
    measures: Sequence[Measure],
    *,
    number: str,
    reasons: str,
    decided_on: date,
    published: bool,
    period: PublicityPeriod,
) -> str:
    """The decision to list (列入决定书), with the notice of the repair path."""
    bodies = {
        "事由": _own_words(subject.found.facts),
        "认定标准和理由": [*_standard(subject), "决定理由：", *_own_words(reasons)],
        "依据": _grounds(subject),
        "失信惩戒措施提示": _measures(measures),
        "从宽情形的审查": _leniency(subject.found.leniency),
        "陈述、申辩及复核情况": _hearing(subject.heard),
        "公示和期限": _publicity(published, period),
        "移出条件": [subject.scheme.removal_conditions],
        "移出程序": [subject.scheme.removal_procedure],
        "救济措施": [subject.scheme.remedies],
        "信用修复告知": [
            f"自{_day(period.earliest_repair_on)}起，符合移出条件的，可以通过信用网站统一窗口申请信用修复，由作出本决定的"
            "机关办理（谁认定、谁修复），不收取任何费用。",
            "信用修复后，停止公示、停止共享和使用，同时解除失信惩戒措施；期限届满的，自动终止共享。",
            "依据：《信用修复管理办法》（国家发展改革委令第36号）。本告知与本决定书同时送达。",
        ],
    }
    foot = [f"决定日期：{_day(decided_on)}"]
    return _document("列入严重失信主体名单决定书", subject, bodies, foot=foot, number=number)


def drop_decision(subject: Subject, *, number: str, reasons: str, decided_on: date) -> str:
    """The decision not to list (不予列入决定书)."""
    bodies = {
        "事由": _own_words(subject.found.facts),
        "不予列入的理由": _own_words(reasons),
        "陈述、申辩及复核情况": _hearing(subject.heard),
        "救济措施": [subject.scheme.remedies],
    }
    foot = ["本案不产生任何名单信息，不公示、不共享。", f"决定日期：{_day(decided_on)}"]
    return _document("不予列入严重失信主体名单决定书", subject, bodies, foot=foot, number=number)


def _document(
    title: str, subject: Subject, bodies: Mapping[str, Iterable[str]], *, foot: Iterable[str], number: str = ""
) -> str:
    party = subject.party
    lines = [
        title,
        *(["【样本数据，非真实案件】"] if subject.sample else []),
        *([f"文号：{number}"] if number else []),
        f"案件编号：{subject.case_id}",
        f"认定机关（统一社会信用代码）：{subject.authority}",
        f"名单：{subject.scheme.title}",
        f"当事人：{_one_line(party.name)}（{_IDENTIFIERS[party.identifier.kind]}：{party.identifier.value.reveal()}）",
    ]
    for place, (section, body) in enumerate(bodies.items()):
        lines += ["", f"{_numeral(place + 1)}、{section}", *body]
    return "\n".join([*lines, "", *foot]) + "\n"


def _standard(subject: Subject) -> list[str]:
    texts = {criterion.code: criterion.text for criterion in subject.scheme.criteria}
    met = [f"符合认定标准（{code}）：{texts[code]}" for code in subject.matched.criterion_codes]
    return [*met, "对照理由：", *_own_words(subject.matched.reasoning)]


def _grounds(subject: Subject) -> list[str]:
    scheme = subject.scheme
    return [
        f"名单认定标准：《{scheme.instrument}》{scheme.article}",
        *(f"名单设列依据：{_instrument(basis)}" for basis in scheme.bases),
        f"事实依据：{_basis(subject.found.basis)}",
    ]


def _basis(basis: Basis) -> str:
    return (
        f"{_DOCUMENTS[basis.kind]} {_one_line(basis.number)}（作出机关：{basis.authority}，"
        f"作出日期：{_day(basis.determined_on)}，生效日期：{_day(basis.effective_on)}）"
    )


def _measures(measures: Sequence[Measure]) -> list[str]:
    cited = [f"{m.title}（依据：{'；'.join(_instrument(basis) for basis in m.bases)}）" for m in measures]
    return [*cited, "上述措施由有关行政机关依法实施，不强制金融机构、行业协会商会等实施惩戒。"]


def _leniency(leniency: Leniency) -> list[str]:
    answers = (
        ("未成年人", leniency.under_age),
        ("不可抗力影响", leniency.force_majeure),
        ("非主观故意", leniency.unintentional),
        ("情节轻微", leniency.slight),
    )
    said = "；".join(f"{what}：{'是' if answer else '否'}" for what, answer in answers)
    return [f"{said}。", "理由：", *_own_words(leniency.reasons)]


def _hearing(heard: Sequence[tuple[Stated, Answered]]) -> list[str]:
    if not heard:
        return ["当事人在规定期限内未提出陈述、申辩。"]
    lines: list[str] = []
    for place, (said, reply) in enumerate(heard):
        lines += [f"第{place + 1}次陈述、申辩：", *_own_words(said.statement)]
        lines += ["复核情况：", *_own_words(reply.answer), f"复核结论：{'成立' if reply.upheld else '不成立'}"]
    return lines


def _publicity(published: bool, period: PublicityPeriod) -> list[str]:
    span = f"自{_day(period.starts_on)}起，至{_day(period.ends_before)}前止"
    if published:
        return [f"依法公示并共享，{span}；期限届满自动终止。"]
    return [f"当事人系未成年人，不予公示；仅在行政机关之间依法共享，{span}；期限届满自动终止。"]


def _provisional(deadline: Deadline) -> str:
    return "（当年节假日安排尚未公布，按现有日历计算）" if deadline.provisional else ""


def _instrument(basis: LegalBasis) -> str:
    return f"《{basis.title}》{basis.article}"


def _own_words(text: str) -> list[str]:
    """What an official or the party wrote, set in, so that it can't pass for a heading of the document."""
    return [f"　　{_one_line(line)}" for line in text.splitlines() if line.strip()]


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text).strip()


def _numeral(n: int) -> str:
    return _NUMERALS[n - 1] if n <= 10 else f"十{_NUMERALS[n - 11]}"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
