"""Scenes of sharing: grants, a hand-in of 10,400 rows, questions one by one and in bulk, one outside its grant."""

from __future__ import annotations

import time
from datetime import timedelta

from chengxin import Document, DocumentKind, Identifier, Party, Record, Severity
from chengxin.handin.job import HandIn, Summary
from chengxin.handin.mapping import load_mapping
from standalone.sample import MARK, SampleParty
from standalone.sample_file import hand_in, write_csv
from standalone.story.cast import Department, refused_for, story_file
from standalone.story.stage import COPY, LICENCE, LISTED, PENALTY, TENDER, Stage

ONE_BY_ONE = 200
MATTER, OFFICER = f"{MARK}-事项-1", f"{MARK}-经办人"


def grants(stage: Stage) -> None:
    """Two departments get grants: applied for by one official, approved by another."""
    stage.narrator.scene("查询权限", "Grants: an official applies, a steward who is somebody else approves")
    items = [PENALTY, LISTED]
    _grant(stage, stage.procurement, TENDER, items, [])
    _grant(stage, stage.procurement, COPY, items, [])
    _grant(stage, stage.market, LICENCE, items, ["penalty_category", "penalty_content"])
    stage.narrator.say(f"财政 for {TENDER} (yes/no) and {COPY}; 市场监管 for {LICENCE}; at most a year each")


def _grant(stage: Stage, who: Department, purpose: str, items: list[str], fields: list[str]) -> None:
    asked = who.act(
        "catalog",
        "RequestGrant",
        officer=f"{who.authority.code}-applicant",
        role="case_officer",
        purpose=purpose,
        item_codes=items,
        field_names=fields,
        days=90,
        justification=f"{MARK}：履职需要",
    )
    steward, grant_id = f"{MARK}-steward-1", asked.grant.grant_id
    stage.steward.act("catalog", "ApproveGrant", officer=steward, role="steward", grant_id=grant_id)


def file_handed_in(stage: Stage) -> None:
    """A department hands in a generated file of 10,400 rows, a few hundred of them bad."""
    stage.narrator.scene("归集", "Hand-in: a file of 10,400 rows, a few hundred of them bad")
    summary, seconds = handed_in(stage, "penalties.csv")
    stage.report.records_submitted += summary.accepted
    stage.report.records_refused += summary.refused
    stage.report.refusal_reasons.update(summary.reasons)
    stage.narrator.say(
        f"{summary.accepted:,} accepted, {summary.refused} refused for {len(summary.reasons)} reasons,"
        f" {summary.rows / seconds:,.0f} rows/s; each bad row with its reason in rejects.csv"
    )


def handed_in(stage: Stage, name: str) -> tuple[Summary, float]:
    """Hand in a generated file; gives what came of it, and the seconds that it took."""
    file, rejects = story_file(stage.house, name), story_file(stage.house, "rejects.csv")
    write_csv(file, hand_in(stage.world, stage.market.authority, today=stage.today()))
    begun = time.perf_counter()
    summary = HandIn(file, load_mapping(), rejects=rejects, sample=True).run(stage.market.client.submit)
    return summary, time.perf_counter() - begun


def penalty(
    stage: Stage, party: SampleParty, *, days_ago: int, number: str, until_in_days: int | None = None
) -> Record:
    """One ordinary penalty about a party, by the market authority."""
    day = stage.today() - timedelta(days=days_ago)
    return Record(
        record_number=f"{MARK}-{number}",
        item_code=PENALTY,
        party=Party(identifier=Identifier.uscc(party.identifier), name=party.name),
        document=Document(
            kind=DocumentKind.PENALTY_DECISION,
            number=f"{MARK}罚〔{day.year}〕{number}号",
            authority=stage.market.authority.code,
            determined_on=day,
            effective_on=day,
        ),
        severity=Severity.ORDINARY,
        fields={
            "violation_type": f"{MARK}违法行为",
            "facts": f"{MARK}：经查证属实。",
            "legal_basis": "样例法规第一条",
            "penalty_category": "罚款",
            "penalty_content": "罚款一万元",
            "fine_yuan": "10000.00",
        },
        publicity_until=stage.today() + timedelta(days=until_in_days) if until_in_days else None,
        sample=True,
    )


def finding(stage: Stage, party: SampleParty, *, days_ago: int, number: str, until_in_days: int | None = None) -> str:
    """Hand in one ordinary penalty about a party; gives the record's id."""
    record = penalty(stage, party, days_ago=days_ago, number=number, until_in_days=until_in_days)
    (result,) = stage.market.client.submit([record])
    assert result.refusal is None, result.refusal
    stage.report.records_submitted += 1
    return result.record_id


def found(stage: Stage, who: Department, party: SampleParty, purpose: str) -> bool:
    """Ask once, counted."""
    stage.report.queries += 1
    return who.client.check(uscc=party.identifier, purpose=purpose, matter=MATTER, officer=OFFICER).found


def questions(stage: Stage) -> None:
    """Two departments ask, one by one and in bulk; one asks outside its grant."""
    stage.narrator.scene("查询", "Questions: one by one, in bulk, and one outside its grant")
    parties = stage.world.enterprises[:ONE_BY_ONE]
    begun = time.perf_counter()
    hits = sum(found(stage, stage.procurement, party, TENDER) for party in parties)
    one_by_one = ONE_BY_ONE / (time.perf_counter() - begun)
    stage.narrator.say(f"财政 asks {ONE_BY_ONE} one by one: {hits} found, yes or no only, {one_by_one:,.0f}/s")
    everybody = [Identifier.uscc(party.identifier) for party in stage.world.enterprises]
    begun = time.perf_counter()
    answers = list(stage.market.client.check_many(everybody, purpose=LICENCE, matter=MATTER, officer=OFFICER))
    bulk = len(answers) / (time.perf_counter() - begun)
    stage.report.queries += len(answers)
    stage.narrator.say(
        f"市场监管 asks about {len(answers):,} in bulk: {sum(a.found for a in answers):,} found, {bulk:,.0f}/s"
    )
    reason = refused_for(lambda: found(stage, stage.tax, stage.listed, LICENCE))
    stage.report.queries_refused += bool(reason)
    stage.narrator.say(f"税务 asks without a grant: refused ({reason}), and the attempt is in the journal")
