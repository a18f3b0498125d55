"""Who acts: an assertion counts only from its issuer, for its kind, its certificate, its two minutes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.access import Caller, Issuers, Officer, Person, issue_assertion
from foundation.access.callers import enrolled
from foundation.identity import Identifier, IdentifierKind, reasons, resident_check_digit
from foundation.reasons import ASSERTION_INVALID, ASSERTION_REQUIRED, NOT_ENROLLED, OFFICER_ROLE_REQUIRED, ROLE_REQUIRED
from foundation.refusal import Refused
from foundation.rpc import Call
from tests.support.databases import SchemaDatabase

STAFF, GATEWAY, STRANGER = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3))
CERTIFICATE, OTHER_CERTIFICATE = bytes(32), bytes([255]) * 32
NOW = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
ISSUED = int(NOW.timestamp())
TODAY = date(2026, 6, 1)
_FIRST = "43010219900307001"
RESIDENT = _FIRST + resident_check_digit(_FIRST)
OFFICER = {"sub": "official-1", "authority": "A", "roles": ["decider"]}
PERSON = {"identifier_kind": "resident_id", "identifier": RESIDENT, "name": "样例甲"}


@pytest.fixture(scope="module")
def issuers(tmp_path_factory: pytest.TempPathFactory) -> Issuers:
    """One issuer of officials, one of parties."""
    entries = [
        {"kid": kid, "kind": kind, "issuer": issuer, "public_key": base64.b64encode(_raw(key)).decode()}
        for kid, kind, issuer, key in (
            ("staff-1", "officer", "staff", STAFF),
            ("gateway-1", "person", "gateway", GATEWAY),
        )
    ]
    file: Path = tmp_path_factory.mktemp("issuers") / "issuers.json"
    file.write_text(json.dumps(entries))
    return Issuers.load(file)


def _raw(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unsigned(header: object, claims: object) -> str:
    return ".".join(_b64(json.dumps(part).encode()) for part in (header, claims))


def token(*, key: Ed25519PrivateKey = STAFF, header: object = None, **changes: object) -> str:
    """An official's assertion, signed by hand, with claims changed (None: left out)."""
    claims = {
        **OFFICER,
        "kind": "officer",
        "iss": "staff",
        "aud": "chengxin",
        "iat": ISSUED,
        "exp": ISSUED + 120,
        "cnf": {"x5t#S256": _b64(CERTIFICATE)},
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    text = _unsigned(header or {"alg": "Ed25519", "kid": "staff-1"}, kept)
    return f"{text}.{_b64(key.sign(text.encode()))}"


def officer(issuers: Issuers, text: str, *, now: datetime = NOW, bound_to: bytes = CERTIFICATE) -> Officer:
    """What the office makes of a token that comes with a certificate."""
    return issuers.officer(text, bound_to=bound_to, now=now)


def issued(kind: Any, /, **changes: Any) -> str:
    """An assertion as its issuer makes it."""
    given: dict[str, Any] = {
        "key": STAFF if kind == "officer" else GATEWAY,
        "kid": "staff-1" if kind == "officer" else "gateway-1",
        "issuer": "staff" if kind == "officer" else "gateway",
        "kind": kind,
        "claims": OFFICER if kind == "officer" else PERSON,
        "bound_to": CERTIFICATE,
        "now": NOW,
        **changes,
    }
    return issue_assertion(given.pop("key"), **given)


def test_an_officials_assertion_says_who_acts(issuers: Issuers) -> None:
    expected = Officer(subject="official-1", authority="A", roles=frozenset({"decider"}))
    assert officer(issuers, issued("officer")) == expected
    assert officer(issuers, token()) == expected
    assert issuers.kind(issued("officer")) == "officer"


def test_a_partys_assertion_says_who_acts_and_does_not_print_it(issuers: Issuers) -> None:
    person = issuers.person(issued("person"), bound_to=CERTIFICATE, now=NOW, today=TODAY)
    assert person == Person(identifier=Identifier(IdentifierKind.RESIDENT_ID, RESIDENT), name="样例甲")
    assert "样例甲" not in repr(person)
    assert RESIDENT not in repr(person)


@pytest.mark.parametrize("seconds", [-5, 0, 119.9])
def test_an_assertion_holds_from_its_issue_to_its_end(issuers: Issuers, seconds: float) -> None:
    assert officer(issuers, token(), now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-6, 120, 3600])
def test_an_assertion_holds_neither_before_nor_after(issuers: Issuers, seconds: float) -> None:
    with pytest.raises(Refused) as refused:
        officer(issuers, token(), now=NOW + timedelta(seconds=seconds))
    assert refused.value.reason is ASSERTION_INVALID


def test_an_assertion_of_more_than_two_minutes_is_none(issuers: Issuers) -> None:
    assert officer(issuers, issued("officer", ttl_s=120))
    with pytest.raises(Refused):
        officer(issuers, issued("officer", ttl_s=121))


def test_an_assertion_stolen_by_another_system_is_none(issuers: Issuers) -> None:
    with pytest.raises(Refused) as refused:
        officer(issuers, token(), bound_to=OTHER_CERTIFICATE)
    assert refused.value.reason is ASSERTION_INVALID


HS256 = _unsigned({"alg": "HS256", "kid": "staff-1"}, {"kind": "officer"})
FORGED = {
    "signed by a stranger": token(key=STRANGER),
    "signed by the issuer of the other kind": token(key=GATEWAY),
    "of the other issuer by name": token(iss="gateway"),
    "of no issuer": token(iss=None),
    "for another audience": token(aud="elsewhere"),
    "for several audiences": token(aud=["chengxin", "elsewhere"]),
    "for no audience": token(aud=None),
    "of the other kind": token(kind="person"),
    "of no kind": token(kind=None),
    "bound to another certificate": token(cnf={"x5t#S256": _b64(OTHER_CERTIFICATE)}),
    "bound to nothing": token(cnf=None),
    "bound to a text": token(cnf=_b64(CERTIFICATE)),
    "bound by another method": token(cnf={"jkt": _b64(CERTIFICATE)}),
    "without an end": token(exp=None),
    "without a start": token(iat=None),
    "with an end in words": token(exp=str(ISSUED + 60)),
    "with an end in fractions": token(exp=ISSUED + 60.5),
    "with an end that is never": token(exp=float("inf")),
    "with a start that is true": token(iat=True),
    "that ended before it began": token(exp=ISSUED - 60),
    "without an official": token(sub=None),
    "without an authority": token(authority=None),
    "without roles": token(roles=None),
    "with one number as roles": token(roles=1),
    "of an unknown key": token(header={"alg": "Ed25519", "kid": "staff-2"}),
    "of a key named by a number": token(header={"alg": "Ed25519", "kid": 1}),
    "of no key": token(header={"alg": "Ed25519"}),
    "that is not signed": _unsigned({"alg": "none", "kid": "staff-1"}, {"kind": "officer"}) + ".",
    "whose algorithm is none": token(header={"alg": "none", "kid": "staff-1"}),
    "whose public key became a secret": (f"{HS256}.{_b64(hmac.digest(_raw(STAFF), HS256.encode(), hashlib.sha256))}"),
    "of another algorithm": token(header={"alg": "ES256", "kid": "staff-1"}),
    "with claims that are no object": _unsigned({"alg": "Ed25519", "kid": "staff-1"}, [1]) + ".AA",
    "with a header that is no object": _unsigned(["staff-1"], {}) + ".AA",
    "whose header is too deep": f"{_b64(b'[' * 5000)}.AA.AA",
    "of one part": token().split(".", 1)[0],
    "of two parts": token().rpartition(".")[0],
    "of five parts": token() + ".AA.AA",
    "of nothing": "",
    "of dots": "...",
    "of no base64": "é.é.é",
    "with another signature": token().rpartition(".")[0] + "." + _b64(bytes(64)),
    "with its claims exchanged": ".".join([*token().split(".")[:1], _b64(b"{}"), token().split(".")[2]]),
}


@pytest.mark.parametrize("what", FORGED)
def test_no_assertion_is_one(issuers: Issuers, what: str) -> None:
    with pytest.raises(Refused) as refused:
        officer(issuers, FORGED[what])
    assert refused.value.reason is ASSERTION_INVALID


def test_claims_too_deep_to_read_are_no_assertion(issuers: Issuers) -> None:
    header = _b64(b'{"alg": "Ed25519", "kid": "staff-1"}')
    text = f"{header}.{_b64(b'[' * 5000)}"
    with pytest.raises(Refused) as refused:
        officer(issuers, f"{text}.{_b64(STAFF.sign(text.encode()))}")
    assert refused.value.reason is ASSERTION_INVALID


@given(st.text(max_size=60))
@settings(max_examples=60)
def test_whatever_else_is_sent_is_no_assertion(issuers: Issuers, text: str) -> None:
    assert issuers.kind(text) == ""
    with pytest.raises(Refused) as refused:
        officer(issuers, text)
    assert refused.value.reason is ASSERTION_INVALID


def test_an_officials_assertion_makes_no_party_and_a_partys_no_official(issuers: Issuers) -> None:
    with pytest.raises(Refused) as refused:
        issuers.person(issued("officer"), bound_to=CERTIFICATE, now=NOW, today=TODAY)
    assert refused.value.reason is ASSERTION_INVALID
    with pytest.raises(Refused) as refused:
        officer(issuers, issued("person"))
    assert refused.value.reason is ASSERTION_INVALID


def test_who_may_assert_parties_may_not_assert_officials(issuers: Issuers) -> None:
    """The key id decides the kind; a token that claims the other kind under it is refused for both."""
    claims = OFFICER | PERSON
    for kid, kind in (("gateway-1", "officer"), ("staff-1", "person")):
        text = issued("officer", key=GATEWAY, kid=kid, issuer="gateway", kind=kind, claims=claims)
        with pytest.raises(Refused):
            officer(issuers, text)
        with pytest.raises(Refused):
            issuers.person(text, bound_to=CERTIFICATE, now=NOW, today=TODAY)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"identifier": RESIDENT[:-1] + ("1" if RESIDENT[-1] != "1" else "2")}, reasons.IDENTIFIER_CHECK_FAILED),
        ({"identifier_kind": "fingerprint"}, ASSERTION_INVALID),
        ({"identifier_kind": None}, ASSERTION_INVALID),
    ],
)
def test_a_party_without_a_good_identifier_is_nobody(issuers: Issuers, changes: dict[str, Any], reason: object) -> None:
    claims = {name: value for name, value in (PERSON | changes).items() if value is not None}
    with pytest.raises(Refused) as refused:
        issuers.person(issued("person", claims=claims), bound_to=CERTIFICATE, now=NOW, today=TODAY)
    assert refused.value.reason is reason


ASSISTANT: dict[str, Any] = {"sub": "clerk-1", "authority": "A", "matter": "7"}


def test_a_party_at_a_desk_comes_with_its_clerk(issuers: Issuers) -> None:
    text = issued("person", claims=PERSON | {"assistant": ASSISTANT})
    person = issuers.person(text, bound_to=CERTIFICATE, now=NOW, today=TODAY)
    clerk = Officer(subject="clerk-1", authority="A", roles=frozenset({"counter_clerk"}))
    assert (person.assistant, person.matter.reveal()) == (clerk, "7")


@pytest.mark.parametrize(
    "said",
    [None, "", [], {}, "clerk-1", *({**ASSISTANT, name: bad} for name in ASSISTANT for bad in ("", None, 7, []))],
)
def test_an_assistant_said_in_part_makes_no_assertion(issuers: Issuers, said: object) -> None:
    with pytest.raises(Refused) as refused:
        issuers.person(
            issued("person", claims=PERSON | {"assistant": said}), bound_to=CERTIFICATE, now=NOW, today=TODAY
        )
    assert refused.value.reason is ASSERTION_INVALID


CALLER = Caller(authority="A", system="s", fingerprint=CERTIFICATE, roles=frozenset({"consumer"}))
DECIDER = Officer(subject="official-1", authority="A", roles=frozenset({"decider"}))
SOMEBODY = Person(identifier=Identifier(IdentifierKind.RESIDENT_ID, RESIDENT), name="样例甲")


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (lambda call: call(None, None).require_role("steward", "auditor"), ROLE_REQUIRED),
        (lambda call: call(None, None).require_officer("decider"), ASSERTION_REQUIRED),
        (lambda call: call(DECIDER, None).require_officer("steward"), OFFICER_ROLE_REQUIRED),
        (
            lambda call: call(
                Officer(subject="official-1", authority="B", roles=frozenset({"decider"})), None
            ).require_officer("decider"),
            OFFICER_ROLE_REQUIRED,
        ),
        (lambda call: call(None, SOMEBODY).require_person(), ROLE_REQUIRED),
        (lambda call: call(None, None, "gateway").require_person(), ASSERTION_REQUIRED),
    ],
    ids=["role", "no official", "role of the official", "authority of the official", "no gateway", "no party"],
)
def test_what_a_step_needs_is_asked_of_the_call(asked: Callable[[Any], object], reason: object) -> None:
    def call(who: Officer | None, party: Person | None, role: str = "consumer") -> Call:
        caller = Caller(authority="A", system="s", fingerprint=CERTIFICATE, roles=frozenset({role}))
        return Call(caller=caller, method="S.M", officer=who, person=party)

    with pytest.raises(Refused) as refused:
        asked(call)
    assert refused.value.reason is reason


def test_who_has_what_a_step_needs_may_take_it() -> None:
    call = Call(caller=CALLER, method="S.M", officer=DECIDER)
    call.require_role("steward", "consumer")
    assert call.require_officer("decider") is DECIDER


@pytest.fixture(scope="module")
def database(schema_db: Callable[..., SchemaDatabase]) -> SchemaDatabase:
    """An office's schema."""
    return schema_db("repair")


@pytest.mark.parametrize(
    ("not_after", "revoked_at", "known"),
    [
        ("now() + interval '1 hour'", "NULL", True),
        ("now() - interval '1 second'", "NULL", False),
        ("now() + interval '1 hour'", "now()", False),
    ],
    ids=["in force", "ended", "revoked"],
)
async def test_a_certificate_counts_while_it_is_enrolled(
    database: SchemaDatabase, not_after: str, revoked_at: str, known: bool
) -> None:
    fingerprint = hashlib.sha256(f"{not_after}{revoked_at}".encode()).digest()
    with psycopg.connect(database.admin_dsn) as admin:
        admin.execute(
            "INSERT INTO repair.enrolment (fingerprint, spiffe_id, authority, system, roles, not_after, revoked_at)"
            f" VALUES (%s, 'spiffe://t/authority/A/system/s', 'A', 's', '{{consumer}}', {not_after}, {revoked_at})",  # type: ignore[arg-type]
            (fingerprint,),
        )
    office = database.open("repair_app", pool=1)
    async with office.transaction() as tx:
        if known:
            assert await enrolled(tx, fingerprint) == Caller(
                authority="A", system="s", fingerprint=fingerprint, roles=frozenset({"consumer"})
            )
        for stranger in ([] if known else [fingerprint]) + [bytes(range(32))]:
            with pytest.raises(Refused) as refused:
                await enrolled(tx, stranger)
            assert refused.value.reason is NOT_ENROLLED
    await office.close()
