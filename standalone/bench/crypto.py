"""What sealing costs: a record of ten fields, sealed and opened, beside bare AES-GCM and the usual column type.

All in one process and one run, taking turns, so that what slows the machine slows all of them. The house's own way
does more than its rivals: a key per record wrapped twice, padding, a place and a key commitment checked.
"""

from __future__ import annotations

import importlib
import os
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Unicode

from foundation.crypto import Kek, Place, Suites, open_dek, seal_record
from standalone.trouble import Trouble

FIELDS = {f"field_{number}": f"样例内容第{number}号 sample" for number in range(10)}
BURST = 200
"""Records sealed, and opened, before it is the next one's turn."""

Stored = Any
"""What one way makes of a record."""


class Way(NamedTuple):
    """One way to seal and open the record; `opened` gives the texts in order."""

    seal: Callable[[], Stored]
    opened: Callable[[Stored], list[str]]


def measure_crypto(rounds: int) -> dict[str, Any]:
    """Seal and open the record in every way, taking turns; medians in microseconds of the processor a
    record, and ratios: to raw, how many times as dear; to the column types, how many times as cheap.

    Raises Trouble where sqlalchemy-utils, a rival and no part of the house, is not installed.
    """
    ways = {"suite_1": _house(1), "suite_2": _house(2), "raw": _raw(), **_column_types()}
    times: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in ways}
    for _ in range(rounds * 5):
        for name, way in ways.items():
            seconds, stored = _timed(way.seal)
            times[name][0].append(seconds)
            seconds, texts = _timed(partial(way.opened, stored))
            times[name][1].append(seconds)
            if texts != list(FIELDS.values()):
                raise AssertionError(f"{name} gives other texts than were sealed")
    figures: dict[str, Any] = {}
    both: dict[str, float] = {}
    for name, (sealing, opening) in times.items():
        seal, opened = statistics.median(sealing), statistics.median(opening)
        both[name] = seal + opened
        figures |= {f"{name}_seal_us": round(seal, 1), f"{name}_open_us": round(opened, 1)}
    to_raw, to_type = both["suite_1"] / both["raw"], both["column_gcm"] / both["suite_1"]
    return figures | {
        "reached": to_raw <= 3 and to_type >= 10,
        "ratio_to_raw": round(to_raw, 2),
        "ratio_to_raw_seal": round(figures["suite_1_seal_us"] / figures["raw_seal_us"], 2),
        "ratio_to_raw_open": round(figures["suite_1_open_us"] / figures["raw_open_us"], 2),
        "ratio_to_raw_suite_2": round(both["suite_2"] / both["raw"], 2),
        "ratio_to_encryptedtype": round(to_type, 2),
        "ratio_to_encryptedtype_cbc": round(both["column_cbc"] / both["suite_1"], 2),
    }


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Microseconds of the processor for one piece of work, and what it gave."""
    begun = time.process_time()
    for _ in range(BURST - 1):
        work()
    result = work()
    return (time.process_time() - begun) / BURST * 1e6, result


def _house(suite: int) -> Way:
    suites = Suites.numbered(suite, least=1)
    share, archive = (Kek(name, os.urandom(32), suites) for name in ("share/2027-03", "archive/2031"))
    place = Place(deployment="bench", table="record", record_id=UUID(int=1), version=1, subject_ref=os.urandom(16))

    def opened(stored: Stored) -> list[str]:
        texts = open_dek(stored.share_wrap, share, place).open_record(stored.packed)
        return [text.reveal() for text in texts.values()]

    return Way(partial(seal_record, FIELDS, place=place, share=share, archive=archive), opened)


def _raw() -> Way:
    """Ten encryptions under one key that is at hand, each with a fresh nonce, and nothing else."""
    cipher = AESGCM(os.urandom(32))

    def seal() -> Stored:
        return [(nonce := os.urandom(12)) + cipher.encrypt(nonce, text.encode(), None) for text in FIELDS.values()]

    def opened(stored: Stored) -> list[str]:
        return [cipher.decrypt(sealed[:12], sealed[12:], None).decode() for sealed in stored]

    return Way(seal, opened)


def _column_types() -> dict[str, Way]:
    """The column types of sqlalchemy-utils, as a session calls them for each value."""
    try:
        encrypted: Any = importlib.import_module("sqlalchemy_utils.types.encrypted.encrypted_type")
    except ImportError:
        raise Trouble.of("NO_SQLALCHEMY_UTILS") from None

    def way(engine: Any, padding: str | None) -> Way:
        column = encrypted.StringEncryptedType(Unicode, os.urandom(32).hex(), engine, padding)

        def seal() -> Stored:
            return [column.process_bind_param(text, None) for text in FIELDS.values()]

        def opened(stored: Stored) -> list[str]:
            return [column.process_result_value(sealed, None) for sealed in stored]

        return Way(seal, opened)

    return {"column_gcm": way(encrypted.AesGcmEngine, None), "column_cbc": way(encrypted.AesEngine, "pkcs5")}
