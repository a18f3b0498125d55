"""Handing in beside COPY: records of twelve fields through all rules, sealed and journalled; plain rows straight in.

The peer is how the fastest build without any rules loads a file: one COPY in one transaction on the same PostgreSQL,
into a plain table with the keys and indexes by which such records are looked for (number, party, document, date). Both
take turns with the same records, written out before the clock begins, so that neither's client is what is measured.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from uuid import uuid4

import psycopg

from chengxin import Record
from chengxin.catalog.v1.record_pb2 import SubmitRecordsRequest
from chengxin.catalog.v1.record_pb2_grpc import RecordServiceStub
from chengxin.client.requests import draft
from standalone.bench.measuring import Figures, Place
from standalone.bench.population import generated
from standalone.story.stage import Stage

REACH_PER_S, A_MESSAGE, LONGEST_S = 5_000, 500, 600
"""The reach; records a message, as the departments' client sends them; how long a stream may last."""


def measure_ingest(place: Place, *, records: int, rounds: int) -> Figures:
    """Load so many new records a round in both ways, taking turns; medians of records a second."""
    ours: list[float] = []
    copied: list[float] = []
    with place.stage() as stage, psycopg.connect(stage.house.engines.admin_dsn, autocommit=True) as plain:
        plain.execute(Path(__file__).with_suffix(".sql").read_bytes())
        for number in range(rounds):
            batch = list(generated(stage, range(number * records, (number + 1) * records)))
            copied.append(records / _copied(plain, batch))
            ours.append(records / _handed_in(stage, batch))
            place.narrator.say(f"round {number + 1}: {ours[-1]:,.0f} records/s, COPY {copied[-1]:,.0f}")
    return {
        "reached": median(ours) >= REACH_PER_S,
        "records_per_s": round(median(ours)),
        "ratio_to_copy": round(median(a / b for a, b in zip(ours, copied, strict=True)), 4),
        "copy_per_s": round(median(copied)),
        "records": records * rounds,
    }


def _handed_in(stage: Stage, batch: Sequence[Record]) -> float:
    """Seconds for one stream."""
    drafts = [draft(record) for record in batch]
    requests = [SubmitRecordsRequest(records=drafts[at : at + A_MESSAGE]) for at in range(0, len(drafts), A_MESSAGE)]
    stub, begun = stage.market.stub("catalog", RecordServiceStub), time.perf_counter()
    responses = stub.SubmitRecords(iter(requests), timeout=LONGEST_S)
    taken = sum(bool(result.record_id) for response in responses for result in response.results)
    seconds = time.perf_counter() - begun
    assert taken == len(batch), "a generated record was refused"
    return seconds


def _copied(plain: psycopg.Connection, batch: Sequence[Record]) -> float:
    """Seconds for one COPY."""
    lines = "".join("\t".join(_row(record)) + "\n" for record in batch).encode()
    begun = time.perf_counter()
    with plain.cursor() as cursor, cursor.copy("COPY bench.record FROM STDIN") as copy:
        copy.write(lines)
    return time.perf_counter() - begun


def _row(record: Record) -> list[str]:
    document, party = record.document, record.party
    cells = [str(uuid4()), document.authority, record.record_number, record.item_code]
    cells += [party.identifier.value, party.name, document.kind.value, document.number]
    cells += [f"{document.determined_on}", f"{document.effective_on}", "ordinary"]
    return [*cells, *record.fields.values()]
