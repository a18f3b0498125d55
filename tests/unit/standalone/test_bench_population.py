"""The bench's parties are well-formed and their records keep the law; its peer takes the same records."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from chengxin.client.errors import UnavailableError
from foundation.identity import IdentifierKind, canonicalise
from foundation.policy import LawBook, load_policy
from foundation.settings import LAW
from standalone.bench import ingest
from standalone.bench.population import generated, party, uscc
from standalone.bench.steady import Asked, Steady
from standalone.sample import MARKET
from standalone.story.stage import Stage

TODAY = date(2026, 11, 27)
STAGE = cast("Stage", SimpleNamespace(today=lambda: TODAY, market=SimpleNamespace(authority=MARKET)))


def test_every_number_has_a_party_of_its_own_that_the_house_takes() -> None:
    numbers = [0, 1, 999, 123_456_789, 999_999_999]
    taken = {canonicalise(IdentifierKind.USCC, uscc(number), today=TODAY) for number in numbers}
    assert len(taken) == len({party(number).name for number in numbers}) == len(numbers)


def test_records_have_twelve_fields_that_the_item_names() -> None:
    item = LawBook.load(LAW, load_policy(LAW)).item("cn.penalty", on=TODAY)
    assert item is not None
    first, second = generated(STAGE, [7, 8])
    assert len(first.fields) == 12
    assert all(name in item.by_name for name in first.fields)
    assert (first.record_number, first.document.number) != (second.record_number, second.document.number)
    assert first.party.identifier.value == uscc(7)


def test_the_peers_columns_are_those_of_the_records() -> None:
    (record,) = generated(STAGE, [1])
    written = Path(ingest.__file__).with_suffix(".sql").read_text(encoding="utf-8")
    columns = re.findall(r"(\w+) (?:uuid|text|date|numeric)\b", written)
    assert columns[-12:] == list(record.fields)
    assert len(columns) == len(vars(ingest)["_row"](record))


class Client:
    """A house that finds everybody once, then is away."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def check(self, *, uscc: str, **_: str) -> Any:
        """Answer the first question only."""
        self.asked.append(uscc)
        if len(self.asked) > 1:
            raise UnavailableError("away")
        return SimpleNamespace(
            found=True, receipt=SimpleNamespace(as_of=datetime(2026, 11, 27, tzinfo=UTC), entry_id=7)
        )


def test_a_steady_asker_counts_what_is_not_answered() -> None:
    steady, client = Steady(cast("Any", None), below=1, hits=1.0), Client()
    for _ in range(2):
        asyncio.run(vars(Steady)["_ask"](steady, client))
    assert client.asked == [uscc(0)] * 2
    assert steady.unanswered == 1
    assert [Asked(0, one.seconds, True, one.as_of, one.entry_id) for one in steady.answered] == steady.answered


def test_strangers_are_nobody_with_a_record() -> None:
    steady, client = Steady(cast("Any", None), below=10, hits=0.0), Client()
    asyncio.run(vars(Steady)["_ask"](steady, client))
    assert steady.answered[0].number >= 10
