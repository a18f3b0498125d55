"""Rotating a share key, the archive's key and the blind index's while departments ask: rates, effect, kills, verdict.

Each rotation waits out the minute in which processes may use what they have opened, so that none takes less. In the
last one the office that rotates is killed behind each page, ten times at most; questions then wait for its start.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg

from chengxin.common.v1 import keys_pb2
from chengxin.common.v1.keys_pb2_grpc import KeyServiceStub
from services.catalog.sealing import Sealer
from standalone.bench.blind_scan import blind_search_errors
from standalone.bench.measuring import Figures, Place, percentile_ms
from standalone.bench.population import catalogs_keyring, handed_in
from standalone.bench.steady import Steady
from standalone.processes import ProcessRecord
from standalone.story import sharing
from standalone.story.stage import Stage

KILLS, ALONE_S = 10, 10.0


def measure_rotation(place: Place, *, records: int) -> Figures:
    """Start a sample house, hand records in, rotate its keys; give the figures by name."""
    with place.stage() as stage:
        sharing.grants(stage)
        handed_in(stage, range(records))
        with Steady(stage.procurement, below=records, hits=1) as steady:
            rotating = _Rotating(stage)
            figures = asyncio.run(rotating.figures())
        for name, begun, ended in rotating.phases:
            times = [one.seconds for one in steady.answered if begun <= one.as_of < ended]
            figures |= {f"check_{name}_p{percent}_ms": percentile_ms(times, percent) for percent in (50, 99)}
            figures[f"check_{name}_count"] = len(times)
        wrong = sum(not one.found for one in steady.answered)
        return {"records": records, **figures, "unanswered": steady.unanswered, "wrong_answers": wrong}


class _Rotating:
    """One house under questions, and its key office."""

    def __init__(self, stage: Stage) -> None:
        self.phases: list[tuple[str, datetime, datetime]] = []
        """Their names, beginnings and ends."""
        self._stage = stage
        self._keys = stage.steward.stub("catalog", KeyServiceStub)
        self._dsn = stage.house.engines.admin_dsn

    async def figures(self) -> Figures:
        figures: Figures = {}
        begun = self._stage.now()
        await asyncio.sleep(ALONE_S)
        self.phases.append(("alone", begun, self._stage.now()))
        share, archive = self._key("share/20"), self._key("archive/20")
        for name, key, method, kills in (
            ("share", share, keys_pb2.ROTATION_METHOD_REWRAP, 0),
            ("index", "index/subject", keys_pb2.ROTATION_METHOD_INDEX, 0),
            ("archive", archive, keys_pb2.ROTATION_METHOD_REWRAP, KILLS),
        ):
            self._stage.narrator.say(f"rotating {key}")
            begun = self._stage.now()
            passed = await self._pass(name, key, method, kills)
            self.phases.append((name, begun, self._stage.now()))
            self._stage.narrator.say(", ".join(f"{figure} {value}" for figure, value in passed.items()))
            figures |= passed
        await self._until("SELECT bool_and(state = 'verified') FROM catalog.key_rotation")
        await asyncio.to_thread(self._approve)
        await self._until("SELECT bool_and(state = 'retired') FROM catalog.key_rotation")
        return figures | await self._verdict()

    async def _pass(self, name: str, key: str, method: Any, kills: int) -> Figures:
        """Begin a rotation, and watch it until it has gone through everything once."""
        request = keys_pb2.StartRotationRequest(key=key, method=method)
        begun = await asyncio.to_thread(self._act, self._keys.StartRotation, request, "custodian-1")
        row = f"FROM catalog.key_rotation WHERE rotation_id = '{begun.rotation.rotation_id}'"
        samples = [(time.monotonic(), 0)]

        def progress() -> None:
            done = self._sql(f"SELECT done {row}")
            if done > samples[-1][1]:
                samples.append((time.monotonic(), done))
                if len(samples) - 2 < kills:
                    self._kill()

        total = "(SELECT count(*) FROM catalog.record)"
        await self._until(f"SELECT state = 'verified' OR done >= {total} {row}", progress)
        progress()
        done = samples[-1][1]
        seconds = samples[-1][0] - samples[0][0]
        killed = {f"{name}_kills": min(kills, len(samples) - 1)} if kills else {}
        return {f"{name}_done": done, f"{name}_per_s": round(done / seconds), **killed}

    async def _until(self, query: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        while not await asyncio.to_thread(self._sql, query):
            await asyncio.to_thread(meanwhile)
            await asyncio.sleep(0.5)

    def _kill(self) -> None:
        record = ProcessRecord.read(self._stage.house.data.run / "catalog.json")
        process = record.running() if record is not None else None
        if process is not None:
            process.kill()

    def _act(self, method: Any, request: Any, official: str) -> Any:
        return self._stage.steward.ask(method, request, officer=official, roles=["key_custodian"])

    def _approve(self) -> None:
        listed = self._stage.steward.ask(self._keys.ListKeys, keys_pb2.ListKeysRequest())
        for rotation in listed.rotations:
            request = keys_pb2.ApproveRetirementRequest(rotation_id=rotation.rotation_id)
            self._act(self._keys.ApproveRetirement, request, "custodian-2")

    def _key(self, beginning: str) -> str:
        name = self._sql(
            "SELECT catalog.wrap_key(w) FROM catalog.record, unnest(ARRAY[share_wrap, archive_wrap]) w"
            f" WHERE catalog.wrap_key(w) LIKE '{beginning}%' GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        )
        return str(name)

    def _sql(self, query: str) -> Any:
        with psycopg.connect(self._dsn) as connection:
            row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None

    async def _verdict(self) -> Figures:
        async with catalogs_keyring(self._stage.house) as keyring:
            sealer = Sealer(keyring, self._stage.house.character.deployment)
            return {"blind_search_errors": len(await blind_search_errors(self._dsn, keyring, sealer))}
