"""What ten and a hundred times as many records do to a question: the same driver at the same rate each time.

Some records are handed in, the rest multiplied from them; 5% of the questions are about a party with a record, any of
them. Behind the load, tables are vacuumed and analysed and what was written goes to disk, as autovacuum and the
checkpointer would do in their own time: the size is measured, and not the loading.
"""

from __future__ import annotations

import time
from statistics import median

import psycopg

from standalone.bench.measuring import Figures, Place, calm, peaks_mb, percentile_ms
from standalone.bench.population import handed_in, multiplied
from standalone.bench.steady import Steady
from standalone.story import sharing
from standalone.story.stage import Stage

REACH, HANDED_IN, A_ROUND_S = 1.3, 500, 4.0
"""The reach; records handed in at most, and how long a round of questions lasts."""
_BYTES = """
SELECT sum(pg_total_relation_size(c))::bigint FROM unnest('{catalog.subject, catalog.subject_tag, catalog.record,
    catalog.record_text, catalog.record_place, catalog.record_number, catalog.public_name,
    catalog.change_event}'::regclass[]) c
"""


def measure_scale(place: Place, *, records: int, rounds: int) -> Figures:
    """Ask among a hundredth of the records, a tenth, and all; medians of the rounds' percentiles, in milliseconds."""
    figures: Figures = {}
    with place.stage() as stage, psycopg.connect(stage.house.engines.admin_dsn, autocommit=True) as connection:
        sharing.grants(stage)
        ids = handed_in(stage, range(min(records // 100, HANDED_IN)))
        held, seconds = len(ids), 0.0
        for size in (records // 100, records // 10, records):
            seconds += multiplied(stage, ids[0], range(held, size))
            held = size
            connection.execute("CHECKPOINT")
            calm(within_s=120)
            place.narrator.say(f"asking among {size:,} records")
            figures |= {f"{name}_{size}": value for name, value in _asked(stage, size, rounds).items()}
        ((size,),) = connection.execute(_BYTES).fetchall()
        figures |= peaks_mb(stage)
    ratio = figures[f"p99_ms_{records}"] / figures[f"p99_ms_{records // 100}"]
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
