"""A personal value shows only where it is revealed: by no way of printing, logging, copying or storing."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
import traceback
from dataclasses import asdict, astuple, dataclass
from uuid import UUID

import cbor2
import pytest
import structlog

from chengxin.common.v1 import common_pb2
from foundation.access import Caller, Officer, Person
from foundation.identity import Identifier, IdentifierKind
from foundation.journal import Entry, PrivatePart
from foundation.personal import NOTHING, Personal

NAME = "张三丰"
NUMBER = "E12345678"
IDENTIFIER = Identifier(IdentifierKind.PASSPORT, NUMBER)
PERSON = Person(identifier=IDENTIFIER, name=NAME)


@dataclass
class Held:
    """Something that holds a personal value without thinking of it."""

    who: Personal


HOLDERS = [
    Held(Personal(NAME)),
    PERSON,
    IDENTIFIER,
    Officer(subject=NAME, authority="A", roles=frozenset()),
    Entry(
        kind="Service.Method",
        caller=Caller(authority="A", system="s", fingerprint=b"f"),
        officer=NAME,
        matter=NUMBER,
        query_id=UUID(int=1),
    ),
    PrivatePart(officer=Personal(NAME), matter=Personal(NUMBER)),
]


@pytest.mark.parametrize("held", [Personal(NAME), *HOLDERS], ids=lambda held: type(held).__name__)
def test_what_is_printed_shows_no_personal_value(held: object, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("claims").warning("party %s %r", held, held)
    shown = [
        repr(held),
        str(held),
        f"{held}",
        f"{held!r:>90}",
        "%s" % (held,),  # noqa: UP031  # the claim is about this way too
        "{}".format(held),  # noqa: UP032  # and this
        " ".join(map(str, [held])),
        str({"of": [held]}),
        caplog.text,
    ]
    assert all("<redacted>" in text for text in shown)
    assert not any(NAME in text or NUMBER in text for text in shown)


def test_a_personal_value_is_revealed_by_name() -> None:
    assert Personal(NAME).reveal() == NAME
    assert f"{Personal(NAME):>20}" == "<redacted>"


@pytest.mark.parametrize("held", [Personal(NAME), *HOLDERS], ids=lambda held: type(held).__name__)
def test_it_is_not_pickled_nor_written_as_json_or_cbor(held: object) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(held, protocol)
    for content in (held, {"name": held}, [held]):
        with pytest.raises(TypeError):
            json.dumps(content)
        with pytest.raises(cbor2.CBOREncodeError):
            cbor2.dumps(content)
    with pytest.raises(TypeError):
        json.dumps({Personal(NAME): 1})


@pytest.mark.parametrize("taken_apart", [asdict, astuple])
def test_what_a_dataclass_is_taken_apart_into_stays_redacted(taken_apart: object) -> None:
    for held in HOLDERS:
        parts = str(taken_apart(held))  # type: ignore[operator]
        assert "<redacted>" in parts
        assert NAME not in parts
        assert NUMBER not in parts


def test_structlog_renders_it_redacted() -> None:
    for render in (
        structlog.processors.JSONRenderer(ensure_ascii=False),
        structlog.dev.ConsoleRenderer(colors=False),
        structlog.processors.KeyValueRenderer(),
    ):
        said = io.StringIO()
        log = structlog.wrap_logger(structlog.PrintLogger(said), processors=[render])
        log.info("asked", who=Personal(NAME), person=PERSON, all=[IDENTIFIER])
        assert said.getvalue().count("<redacted>") >= 3
        assert NAME not in said.getvalue()
        assert NUMBER not in said.getvalue()


def test_a_traceback_with_local_values_shows_it_redacted() -> None:
    def fails(who: Personal) -> None:
        raise ValueError(who)

    with pytest.raises(ValueError) as caught:
        fails(Personal(NAME))
    told = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "who = <redacted>" in told
    assert NAME not in told


def test_it_takes_no_part_in_texts_and_messages() -> None:
    who = Personal(NAME)
    for mixes in (
        lambda: "party " + who,  # type: ignore[operator]  # the claim
        lambda: "".join([who]),  # type: ignore[list-item]
        lambda: bytes(who),  # type: ignore[call-overload]
        lambda: list(who),  # type: ignore[call-overload]
        lambda: common_pb2.Party(name=who),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError):
            mixes()


def test_it_does_not_change_and_copies_to_itself() -> None:
    who = Personal(NAME)
    with pytest.raises(AttributeError):
        who._text = "other"
    with pytest.raises(TypeError):
        vars(who)
    assert copy.deepcopy([who])[0] is who
    assert copy.copy(who) is who


def test_personal_values_compare_by_what_they_hold_and_hash_by_a_salt_of_the_process() -> None:
    assert Personal("甲") == Personal("甲") != Personal("乙")
    assert Personal("甲") != "甲"
    assert len({Personal("甲"), Personal("甲")}) == 1
    assert hash(Personal("甲")) != hash("甲")
    assert IDENTIFIER in {Identifier(IdentifierKind.PASSPORT, NUMBER)}


def test_an_empty_one_is_false_like_an_empty_text() -> None:
    assert Personal("甲")
    assert not Personal("")


def test_many_at_once_are_as_one_by_one() -> None:
    assert Personal.each(["甲", ""]) == [Personal("甲"), NOTHING]
    assert [type(one) for one in Personal.each(["甲"])] == [Personal]
    assert Personal.of(NAME) == Personal.of(Personal(NAME)) == Personal(NAME)
