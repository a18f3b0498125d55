"""Many records whose sharing ends at one instant while departments ask.

A tenth is handed in, the rest multiplied from them. One subscriber has been told of all before, so that it is owed as
many tombstones; it reads them from the feed afterwards. The owner of the sample house moves its clock to a few seconds
before the instant, and lets that come by itself. Erased is a record whose shared copy can't be opened any more.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import psycopg

from chengxin import ChangeKind
from foundation.calendar import start_of
from standalone.bench.measuring import Figures, Place, percentile_ms
from standalone.bench.population import handed_in, multiplied
from standalone.bench.steady import Steady
from standalone.story import sharing
from standalone.story.sharing import MATTER, OFFICER
from standalone.story.stage import COPY, Stage

REACH_PER_S, IN_DAYS, LEAD_S, SLOWEST_PER_S = 10_000, 3, 8.0, 100
"""The reach; when they expire, how long before that questions are asked; a slower erasure is not waited for."""
_PASSED = """
SELECT catalog.house_now() >= %(at)s
   AND NOT EXISTS (SELECT FROM catalog.record r WHERE r.ended_at IS NULL AND r.ends_before <= %(at)s)
"""
_ERASED = "SELECT count(*), max(ended_at) FROM catalog.record WHERE ends_before = %(at)s AND share_wrap IS NULL"


def measure_expiry(place: Place, *, records: int) -> Figures:
    """Let so many records expire at once; late answers, tombstones that did not come, records erased a second."""
    with place.stage() as stage:
        sharing.grants(stage)
        at = start_of(stage.today() + timedelta(days=IN_DAYS))
        ids = handed_in(stage, range(records // 10), until_in_days=IN_DAYS)
        multiplied(stage, ids[0], range(len(ids), records))
        _, cursor = _told(stage, "")
        deadline = time.monotonic() + 60 + records / SLOWEST_PER_S
        with Steady(stage.procurement, below=records, hits=0.5) as steady:
            stage.let_pass(seconds=(at - stage.now()).total_seconds() - LEAD_S)
            place.narrator.say(f"{records:,} records expire in {LEAD_S:.0f} s")
            with psycopg.connect(stage.house.engines.admin_dsn, autocommit=True) as connection:

                def one(query: str) -> Any:
                    return connection.execute(query.encode(), {"at": at}).fetchone()

                while one(_PASSED) != (True,) and time.monotonic() < deadline:
                    time.sleep(0.2)
                erased, last = one(_ERASED)
        missing = records - len(_told(stage, cursor)[0])
    assert erased, "nothing was erased"
    late, per_s = sum(one.found and one.as_of >= at for one in steady.answered), erased / (last - at).total_seconds()
    before = [one.seconds for one in steady.answered if one.as_of < at]
    meanwhile = [one.seconds for one in steady.answered if at <= one.as_of <= last]
    return {
        "reached": not late and not missing and erased == records and per_s >= REACH_PER_S,
        "late_answers": late,
        "missing_tombstones": missing,
        "erased_per_s": round(per_s),
        "records": records,
        "checks_per_s": round(steady.per_s),
        "check_p99_ms_before": percentile_ms(before, 99),
        "check_p99_ms_meanwhile": percentile_ms(meanwhile, 99),
        "checks_unanswered": steady.unanswered,
    }


def _told(stage: Stage, cursor: str) -> tuple[set[str], str]:
    """The records of whose withdrawal a subscriber is told from a cursor on, and the cursor behind them."""
    who = {"purpose": COPY, "matter": MATTER, "officer": OFFICER}
    feed = stage.procurement.client.watch(cursor=cursor, until_caught_up=True, **who)
    return {change.record_id for change in feed if change.kind is ChangeKind.WITHDRAWN}, feed.cursor
