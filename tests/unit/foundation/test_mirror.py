"""A message mirrors an object whole: a field that the object lacks is never left out in silence."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from chengxin.blacklist.v1 import blacklist_pb2
from chengxin.catalog.v1 import access_pb2, catalog_pb2
from foundation.policy import LegalBasis
from foundation.rpc.mirror import mirrored

AT = datetime(2026, 6, 1, 8, tzinfo=UTC)
ID = UUID(int=7)


class _State(enum.Enum):
    NOTIFIED = "notified"


@dataclass(frozen=True)
class _Step:
    state: _State = _State.NOTIFIED
    at: datetime | None = AT
    officer: str = "an official"
    artefact_digest: bytes = b"digest"


@dataclass(frozen=True)
class _Listing:
    listing_id: UUID = ID
    case_id: UUID = ID
    scheme_code: str = "a scheme"
    record_id: UUID | None = None
    determined_on: date = date(2026, 6, 1)
    closed_at: datetime | None = None


def test_values_are_written_as_the_contract_writes_them() -> None:
    message = mirrored(blacklist_pb2.CaseStep, _Step())
    assert message.state == blacklist_pb2.CASE_STATE_NOTIFIED
    assert message.at.ToDatetime(tzinfo=UTC) == AT
    assert (message.officer, message.artefact_digest) == ("an official", b"digest")


def test_none_leaves_a_field_out_and_a_given_value_takes_the_place_of_the_objects() -> None:
    message = mirrored(blacklist_pb2.Listing, _Listing(), measure_codes=["a measure"])
    assert (message.listing_id, message.determined_on) == (str(ID), "2026-06-01")
    assert (message.record_id, message.HasField("closed_at")) == ("", False)
    assert list(message.measure_codes) == ["a measure"]
    assert not mirrored(blacklist_pb2.CaseStep, replace(_Step(), at=None)).HasField("at")


def test_nested_objects_become_messages() -> None:
    basis = LegalBasis(instrument_kind="law", title="某法", article="第一条", confirmed=True)
    measure = {name: "" for name in ("code", "title", "title_en")}
    message = mirrored(
        catalog_pb2.Measure,
        {**measure, "least_severity": "slight", "areas": (), "subject_types": ("person",), "bases": (basis,)},
    )
    assert [(each.title, each.confirmed) for each in message.bases] == [("某法", True)]
    assert (message.least_severity, list(message.subject_types)) == (1, ["person"])


def test_a_field_that_the_object_lacks_is_an_error() -> None:
    with pytest.raises(AttributeError, match="measure_codes"):
        mirrored(blacklist_pb2.Listing, _Listing())
    with pytest.raises(KeyError, match="grant_id"):
        mirrored(access_pb2.Grant, {})
    assert mirrored(blacklist_pb2.Listing, _Listing(), without=["measure_codes"]).listing_id == str(ID)
