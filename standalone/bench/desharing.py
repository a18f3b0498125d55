"""From a repair's decision to the record's being in no answer and its tombstone at three subscribers, under questions.

The time begins at the instant that the decision's transaction read, before its commit; it ends when one who asks about
the party without pause has an answer without the record, and the last subscriber has the tombstone; each acknowledges.
Meanwhile another system asks at a steady rate about all parties. Late is an answer that finds a record at or after the
instant at which its sharing ended.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import psycopg

from standalone.bench.measuring import Figures, Place, percentile_ms
from standalone.bench.population import handed_in, party
from standalone.bench.steady import Steady
from standalone.sample import MARK
from standalone.story import sharing
from standalone.story.cast import Visitor
from standalone.story.repair import REPAIR_OFFICER, Asker, Subscriber
from standalone.story.stage import COPY, LICENCE, TENDER, Stage, came_true

REACH_MS = 250.0
_ENDED = "SELECT record_id::text, ended_at FROM catalog.record WHERE ended_at IS NOT NULL"


def measure_desharing(place: Place, *, decisions: int) -> Figures:
    """Hand in and apply for repair, then decide one after another; percentiles of the decisions, in milliseconds."""
    with place.stage() as stage:
        sharing.grants(stage)
        ids = handed_in(stage, range(decisions))
        who = ((stage.procurement, COPY), (stage.procurement, TENDER), (stage.market, LICENCE))
        subscribers = [Subscriber(department, purpose) for department, purpose in who]
        place.narrator.say(f"{decisions} parties apply for repair, {len(subscribers)} systems follow the feed")
        applications = [_applied(stage, number, record_id) for number, record_id in enumerate(ids)]
        askers = [Asker(stage.procurement.client, party(number), TENDER) for number in range(decisions)]
        begun = time.perf_counter()
        with Steady(stage.procurement, below=decisions, hits=0.05) as steady:
            times = [_gone(stage, *one, subscribers) for one in zip(applications, ids, askers, strict=True)]
        per_s = steady.per_s + sum(asker.queries for asker in askers) / (time.perf_counter() - begun)
        with psycopg.connect(stage.house.engines.admin_dsn) as connection:
            ended: dict[str, datetime] = dict(connection.execute(_ENDED).fetchall())
    found = [(ids[number], as_of) for number, asker in enumerate(askers) for as_of in asker.found_as_of]
    found += [(ids[one.number], one.as_of) for one in steady.answered if one.found]
    late, p99 = sum(as_of >= ended[record_id] for record_id, as_of in found), percentile_ms(times, 99)
    return {
        "reached": p99 <= REACH_MS and not late,
        "p50_ms": percentile_ms(times, 50),
        "p99_ms": p99,
        "max_ms": round(max(times) * 1000, 2),
        "late_answers": late,
        "decisions": decisions,
        "checks_per_s": round(per_s),
        "checks_unanswered": steady.unanswered,
    }


def _applied(stage: Stage, number: int, record_id: str) -> str:
    """A party applies through the gateway, and the authority accepts."""
    visitor = Visitor(stage.gateway, party(number), address=f"127.2.{number // 250}.{number % 250 + 1}")
    visitor.sign_in()
    asked = {"record_id": record_id, "correction": f"{MARK}：罚款已缴清，已整改。", "commitment": True}
    answer = visitor.post("/me/applications", headers={"Idempotency-Key": record_id}, json=asked)
    visitor.close()
    return _step(stage, "Accept", application_id=answer["application"]["application_id"]).application_id


def _step(stage: Stage, step: str, **fields: Any) -> Any:
    """Take a step of the authority; gives the application."""
    who = {"officer": REPAIR_OFFICER, "role": "repair_officer"}
    return stage.market.act("repair", f"{step}Application", **who, **fields).application


def _gone(stage: Stage, application_id: str, record_id: str, asker: Asker, subscribers: list[Subscriber]) -> float:
    """Decide; gives the seconds until nobody has the record any more."""
    said = {"reasons": f"{MARK}：符合条件。", "verification": f"{MARK}：已核验。"}
    with asker:
        came_true(lambda: asker.queries >= 5)
        decided = _step(stage, "Decide", application_id=application_id, grant=True, **said).decided_at
        assert came_true(lambda: asker.gone_at > 0 and all(record_id in one.heard for one in subscribers))
        after = asker.queries + 20
        came_true(lambda: asker.queries >= after)
    gone = max(asker.gone_at, *[one.heard[record_id] for one in subscribers])
    return gone - time.perf_counter() + time.time() - decided.ToDatetime(tzinfo=UTC).timestamp()
