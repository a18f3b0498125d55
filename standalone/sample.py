"""A sample world from a seed: authorities, enterprises and persons that do not exist.

Every name begins with 样例. Every number stands under the division 439999, which was never assigned, and is
valid in every other respect, so that it takes the same path as a real one.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

from foundation.identity import resident_check_digit, uscc_check_character
from standalone.ca import write_json

SEED = 54
MARK = "样例"
DIVISION = "439999"
_BORN_FROM = date(1960, 1, 1)
_BORN_DAYS = 14_000
_TRADES = ("食品", "药业", "建筑", "运输", "餐饮", "机械", "环保", "商贸", "物业", "矿业")


@dataclass(frozen=True, slots=True)
class SampleAuthority:
    """A department of the sample world."""

    code: str
    """USCC."""
    name: str
    english: str


@dataclass(frozen=True, slots=True)
class SampleParty:
    """An enterprise or person of the sample world, in the form that the development identity provider reads."""

    name: str
    identifier_kind: str
    """uscc or resident_id."""
    identifier: str


def _authority(number: int, name: str, english: str) -> SampleAuthority:
    return SampleAuthority(_uscc("11", number), f"{MARK}{name}", f"Sample {english}")


def _uscc(category: str, number: int) -> str:
    first17 = f"{category}{DIVISION}{number:09d}"
    return first17 + uscc_check_character(first17)


OPERATOR = _authority(1, "省社会信用工作主管部门", "Social Credit Authority")
"""Runs the house: the social credit authority."""
MARKET = _authority(2, "省市场监督管理局", "Administration for Market Regulation")
TAX = _authority(3, "省税务局", "Tax Service")
LABOUR = _authority(4, "省人力资源和社会保障厅", "Department of Human Resources and Social Security")
HOUSING = _authority(5, "省住房和城乡建设厅", "Department of Housing and Construction")
PROCUREMENT = _authority(6, "省财政厅", "Department of Finance")
AUDITOR = _authority(7, "省审计厅", "Audit Office")
AUTHORITIES = (OPERATOR, MARKET, TAX, LABOUR, HOUSING, PROCUREMENT, AUDITOR)


class SampleWorld:
    """Parties of one seed; the same seed gives the same world."""

    def __init__(self, seed: int = SEED, *, enterprises: int = 3_000, persons: int = 600) -> None:
        self.seed = seed
        self._enterprises = enterprises
        self._persons = persons

    @cached_property
    def enterprises(self) -> tuple[SampleParty, ...]:
        """Enterprises, each with its own USCC."""
        choose = random.Random(f"{self.seed} enterprises")  # noqa: S311  a world, not a secret
        serials = choose.sample(range(1_000, 999_999_999), self._enterprises)
        return tuple(
            SampleParty(f"{MARK}{choose.choice(_TRADES)}{n:04d}有限公司", "uscc", _uscc("91", serial))
            for n, serial in enumerate(serials, 1)
        )

    @cached_property
    def persons(self) -> tuple[SampleParty, ...]:
        """Grown-up persons, each with an ID number."""
        choose = random.Random(f"{self.seed} persons")  # noqa: S311  a world, not a secret
        numbers = choose.sample(range(_BORN_DAYS * 1_000), self._persons)
        births = [(_BORN_FROM + timedelta(days=number // 1_000), number % 1_000) for number in numbers]
        return tuple(
            SampleParty(f"{MARK}人员{n:04d}", "resident_id", resident_id(DIVISION, born, order))
            for n, (born, order) in enumerate(births, 1)
        )


def write_sample_parties(file: Path) -> None:
    """Write some parties of the sample world as those whom the development identity provider offers for sign-in."""
    world = SampleWorld()
    parties = [*world.enterprises[:4], *world.persons[:4]]
    write_json(file, [asdict(party) for party in parties])


def write_sample_authorities(file: Path) -> None:
    """Write the names of the sample world's authorities, as the gateway's pages show them."""
    write_json(file, [{"code": one.code, "zh": one.name, "en": one.english} for one in AUTHORITIES])


def write_sample_officials(file: Path) -> None:
    """Write the officials whom the development identity provider offers for sign-in: two, where two must differ."""
    who = [
        (MARKET, ["repair_officer"], "repair_officer-1", "信用修复经办人员1"),
        (MARKET, ["repair_officer"], "repair_officer-2", "信用修复经办人员2"),
        (MARKET, ["repair_officer", "repair_head"], "repair_head-1", "主要负责人"),
        (AUDITOR, ["auditor"], "auditor-1", "审计人员1"),
        (AUDITOR, ["auditor"], "auditor-2", "审计人员2"),
        (MARKET, ["counter_clerk"], "counter_clerk-1", "服务窗口人员1"),
    ]
    officials = [
        {"name": f"{MARK}{name}", "sub": f"{MARK}-{number}", "authority": authority.code, "roles": roles}
        for authority, roles, number, name in who
    ]
    write_json(file, officials)


def resident_id(division: str, born: date, order: int) -> str:
    """The ID number of the `order`-th (0 to 999) person of a division born that day."""
    first17 = f"{division}{born:%Y%m%d}{order:03d}"
    return first17 + resident_check_digit(first17)
