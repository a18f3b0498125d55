"""Enrolment and the clock reach all offices in one transaction, or none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from foundation.db.migrate import ROLES
from standalone.clock import advance
from standalone.enrol import Enrolment, Register, checked_roles, checked_system
from standalone.ports import OFFICES
from standalone.sample import MARKET
from standalone.trouble import Trouble
from tests.support.databases import SchemaDatabase

MakeDatabase = Callable[..., SchemaDatabase]


@pytest.fixture(scope="module")
def house(schema_db: MakeDatabase) -> SchemaDatabase:
    return schema_db(*OFFICES, sample=True)


def enrolment(first: int, *roles: str, days: int = 30) -> Enrolment:
    return Enrolment(
        fingerprint=bytes([first]) * 32,
        spiffe_id=f"spiffe://t.example/authority/{MARKET.code}/system/desk",
        authority=MARKET.code,
        system="desk",
        roles=roles or ("consumer",),
        not_after=datetime.now(UTC) + timedelta(days=days),
    )


def in_each_office(house: SchemaDatabase, fingerprint: bytes) -> list[tuple[bool, bool]]:
    """For each office: whether the certificate is enrolled, and whether it is revoked."""
    with psycopg.connect(house.admin_dsn) as connection:
        found = [
            connection.execute(
                f"SELECT revoked_at FROM {office}.enrolment WHERE fingerprint = %s",  # type: ignore[arg-type]
                (fingerprint,),
            ).fetchone()
            for office in OFFICES
        ]
    return [(row is not None, row is not None and row[0] is not None) for row in found]


def test_a_certificate_is_enrolled_with_every_office_and_revoked_with_every_office(house: SchemaDatabase) -> None:
    register = Register(house.admin_dsn)
    register.enter([enrolment(1, "provider", "consumer")])
    assert in_each_office(house, b"\1" * 32) == [(True, False)] * 4
    assert register.revoke(b"\1" * 32)
    assert in_each_office(house, b"\1" * 32) == [(True, True)] * 4


def test_a_revocation_stays_as_it_was_and_a_stranger_is_not_revoked(house: SchemaDatabase) -> None:
    register = Register(house.admin_dsn)
    register.enter([enrolment(2)])
    register.revoke(b"\2" * 32)
    first = [e.revoked_at for e in register.all() if e.fingerprint == b"\2" * 32]
    register.enter([enrolment(2)])
    register.revoke(b"\2" * 32)
    assert [e.revoked_at for e in register.all() if e.fingerprint == b"\2" * 32] == first
    assert not register.revoke(b"\xff" * 32)


def test_a_certificate_that_one_office_cannot_take_is_enrolled_with_none(house: SchemaDatabase) -> None:
    with psycopg.connect(house.admin_dsn, autocommit=True) as connection:
        connection.execute("ALTER TABLE audit.enrolment ADD CONSTRAINT closed CHECK (system <> 'refused')")
    refused = Enrolment(
        fingerprint=b"\3" * 32,
        spiffe_id="spiffe://t.example/x",
        authority=MARKET.code,
        system="refused",
        roles=("consumer",),
        not_after=datetime.now(UTC),
    )
    with pytest.raises(psycopg.errors.CheckViolation):
        Register(house.admin_dsn).enter([refused])
    assert in_each_office(house, b"\3" * 32) == [(False, False)] * 4


def test_a_renewal_keeps_the_roles_of_the_newest_enrolment_that_is_good(house: SchemaDatabase) -> None:
    register = Register(house.admin_dsn)
    register.enter([enrolment(4, "consumer", days=200), enrolment(5, "provider", days=300)])
    desk = checked_system(MARKET.code, "desk", today=date(2026, 11, 1))
    assert register.roles_of(desk) == ("provider",)
    register.revoke(b"\5" * 32)
    assert register.roles_of(desk) == ("consumer",)
    assert register.roles_of(checked_system(MARKET.code, "nobody", today=date(2026, 11, 1))) == ()


@pytest.mark.parametrize(
    ("authority", "system", "what"),
    [
        (MARKET.code[:-1] + ("0" if MARKET.code[-1] != "0" else "1"), "desk", "authority"),
        ("", "desk", "authority"),
        (MARKET.code, "Desk", "system"),
        (MARKET.code, "a/b", "system"),
        (MARKET.code, "", "system"),
        (MARKET.code, "诚信", "system"),
    ],
)
def test_only_a_well_named_system_of_an_authority_is_enrolled(authority: str, system: str, what: str) -> None:
    with pytest.raises(Trouble, match=what):
        checked_system(authority, system, today=date(2026, 11, 1))


@pytest.mark.parametrize("roles", [[], ["king"], ["provider", "king"]])
def test_only_roles_that_the_house_knows_are_given(roles: list[str]) -> None:
    with pytest.raises(Trouble, match="role"):
        checked_roles(roles)


def clocks(house: SchemaDatabase) -> list[datetime]:
    with psycopg.connect(house.admin_dsn) as connection:
        found: list[datetime] = []
        for office in OFFICES:
            row = connection.execute(f"SELECT {office}.house_now()").fetchone()  # type: ignore[arg-type]
            assert row is not None
            found.append(row[0])
    return found


def test_a_sample_house_moves_forwards_in_all_offices_at_once(house: SchemaDatabase) -> None:
    before = clocks(house)
    advance(house.admin_dsn, timedelta(days=40))
    after = clocks(house)
    assert all(timedelta(days=40) <= b - a < timedelta(days=40, minutes=5) for a, b in zip(before, after, strict=True))
    assert max(after) - min(after) < timedelta(minutes=1)


def test_no_house_moves_backwards(house: SchemaDatabase) -> None:
    with pytest.raises(Trouble, match="not moved"):
        advance(house.admin_dsn, timedelta(days=-1))


def test_no_other_house_moves_at_all(schema_db: MakeDatabase) -> None:
    real = schema_db(*OFFICES)
    before = clocks(real)
    with pytest.raises(Trouble, match="sample"):
        advance(real.admin_dsn, timedelta(days=1))
    assert all(b - a < timedelta(hours=1) for a, b in zip(before, clocks(real), strict=True))


def test_login_roles_can_neither_enrol_nor_move_the_clock(house: SchemaDatabase) -> None:
    for role in [role for roles in ROLES.values() for role in roles]:
        schema = role.partition("_")[0]
        for statement in (
            f"UPDATE {schema}.clock_offset SET ahead = ahead + interval '1 day'",
            f"UPDATE {schema}.enrolment SET revoked_at = NULL",
            f"UPDATE {schema}.house SET sample = true",
        ):
            with psycopg.connect(house.dsn(role)) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)  # type: ignore[arg-type]
