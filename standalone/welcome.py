"""What `chengxin up` says once the house stands."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from foundation.calendar import day_of
from foundation.policy import PolicyNumber, load_policy
from foundation.settings import LAW
from standalone.house import House
from standalone.ports import OFFICES
from standalone.sample import MARKET

CHINESE = {"catalog": "目录与共享", "blacklist": "严重失信主体名单", "repair": "信用修复", "audit": "审计"}


def welcome(house: House) -> str:
    """Addresses, unconfirmed numbers, where the logs are, what to try next; for people."""
    doors = house.data.doors()
    sample = house.character.sample
    kind = "sample house (样例): generated data, a clock that can be moved" if sample else "house"
    lines = [f"Chengxin 诚信 is up after {house.seconds:.1f} s: a {kind}.", ""]
    lines += [f"  {office:<10} {doors[office]:<24} gRPC, mutual TLS; {CHINESE[office]}" for office in OFFICES]
    lines += [f"  {'portal':<10} {doors['gateway']:<24} REST: {doors['gateway']}/api/v1/openapi.json"]
    lines += [f"  {'audit log':<10} {doors['log_url']:<24} checkpoint: {doors['log_url']}/checkpoint"]
    lines += [f"  {name:<10} {url}" for name, url in house.engine_urls().items()]
    lines += [f"  {'data':<10} {house.data.folder}", f"  {'logs':<10} {house.data.logs}", ""]
    unconfirmed = _unconfirmed()
    if unconfirmed:
        lines.append(f"{len(unconfirmed)} policy numbers in force are not confirmed against their source (law/policy):")
        lines += [f"  {n.name} = {n.value} {n.unit}  {n.source} {n.article}".rstrip() for n in unconfirmed]
        lines.append("")
    if sample:
        lines += ["Sign-in is a development identity provider that proves nobody's identity. It offers, among others:"]
        for place, file in (("/me", house.data.sample_parties), ("/staff", house.data.sample_officials)):
            names = "、".join(one["name"] for one in json.loads(file.read_text())[:6])
            lines.append(f"  {doors['gateway']}{place:<7} {names}")
        lines.append("")
    data = f"--data {house.data.folder}"
    authority = MARKET.code if sample else "USCC"
    lines += [
        "Try next, in another terminal:",
        f"  chengxin enroll {data} --authority {authority} --system desk --role provider --role consumer --out desk",
        f"  chengxin doctor {data}",
        "Ctrl-C stops everything in order.",
    ]
    return "\n".join(lines)


def welcome_json(house: House) -> dict[str, Any]:
    """The same for programs."""
    return {
        "doors": house.data.doors(),
        "engines": house.engine_urls(),
        "data": str(house.data.folder),
        "logs": str(house.data.logs),
        "sample": house.character.sample,
        "unconfirmed": [n.name for n in _unconfirmed()],
        "pids": house.pids(),
        "seconds": round(house.seconds, 2),
    }


def _unconfirmed() -> list[PolicyNumber]:
    return load_policy(LAW).unconfirmed(day_of(datetime.now(UTC)))
