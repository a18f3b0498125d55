"""What ten times as many records do to a question: the same driver at the same rate before and after.

Some records are handed in, the rest multiplied from them; 5% of the questions are about a party with a record, any of
them. Tables are vacuumed and analysed behind the load, as autovacuum would do in its own time.
"""

from __future__ import annotations

import time
from statistics import median

import psycopg

from standalone.bench.measuring import Figures, Place, percentile_ms
from standalone.bench.population import handed_in, multiplied
from standalone.bench.steady import Steady
from standalone.story import sharing
from standalone.story.stage import Stage

REACH, HANDED_IN, A_ROUND_S = 1.3, 500, 4.0
"""The reach; records handed in at most, and how long a round of questions lasts."""
_BYTES = """
SELECT sum(pg_total_relation_size(c))::bigint FROM unnest('{catalog.subject, catalog.subject_tag, catalog.record,
    catalog.record_place, catalog.record_number, catalog.public_name, catalog.change_event}'::regclass[]) c
"""


def measure_scale(place: Place, *, records: int, rounds: int) -> Figures:
    """Ask among a tenth of the records, then among all; medians of the rounds' percentiles, in milliseconds."""
    figures: Figures = {}
    with place.stage() as stage:
        sharing.grants(stage)
        ids = handed_in(stage, range(min(records // 10, HANDED_IN)))
        held, seconds = len(ids), 0.0
        for size in (records // 10, records):
            seconds += multiplied(stage, ids[0], range(held, size))
            held = size
            place.narrator.say(f"asking among {size:,} records")
            figures |= {f"{name}_{size}": value for name, value in _asked(stage, size, rounds).items()}
        with psycopg.connect(stage.house.engines.admin_dsn) as connection:
            ((size,),) = connection.execute(_BYTES).fetchall()
    ratio = figures[f"p99_ms_{records}"] / figures[f"p99_ms_{records // 10}"]
    loaded = round((records - len(ids)) / seconds)
    return {
        "reached": ratio <= REACH,
        "p99_ratio": round(ratio, 2),
        "bytes_per_record": round(size / records),
        "load_records_per_s": loaded,
        **figures,
    }


def _asked(stage: Stage, records: int, rounds: int) -> Figures:
    with Steady(stage.procurement, below=records, hits=0.05) as steady:
        time.sleep(A_ROUND_S * (rounds + 1))
    length = len(steady.answered) // (rounds + 1)  # the first round warms up
    turns = [steady.answered[length * n : length * (n + 1)] for n in range(1, rounds + 1)]
    times = [[one.seconds for one in turn] for turn in turns]
    figures: Figures = {f"p{at}_ms": median(percentile_ms(turn, at) for turn in times) for at in (50, 99)}
    return figures | {"checks_per_s": round(steady.per_s)}
