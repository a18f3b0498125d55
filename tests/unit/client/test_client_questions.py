"""One question, one answer: what the client promises about time, tries and refusals."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from chengxin.catalog.v1 import record_pb2, sharing_pb2
from chengxin.client.answers import EndReason
from chengxin.client.errors import RefusedError, UnavailableError
from chengxin.client.identity import Identity
from chengxin.client.parties import Identifier, IdentifierKind
from chengxin.client.records import Severity
from chengxin.client.sync import Client
from chengxin.common.v1 import common_pb2
from chengxin.proofs import ProofError
from foundation.reasons import DEADLINE_TOO_NEAR, ROLE_REQUIRED, UNAVAILABLE, VALUE_REQUIRED
from foundation.refusal import Kind, Reason, Refused, Wording
from tests.unit.client.certificates import issue, make_ca, write_identity
from tests.unit.client.small_house import AFTER, BEFORE, REFUSED_MEMBER, SmallHouse

WHY = {"purpose": "tender", "matter": "T-2026-17", "officer": "Officer Li"}
USCC = "91430100MA4L1ABC2X"
PERSON = "430102199001011234"


def test_a_check_carries_its_authority_and_gives_what_was_found(client: Any, house: SmallHouse) -> None:
    house.found[USCC] = ["A.PENALTY"]

    answer = client.check(uscc=USCC, **WHY)

    assert answer.found
    assert answer.items == ("A.PENALTY",)
    assert answer.receipt.source == "catalog"
    assert len(answer.receipt.digest) == 32
    asked = house.questions(sharing_pb2.CheckSubjectRequest)[0]
    assert (asked.context.purpose, asked.context.matter, asked.context.officer) == tuple(WHY.values())
    assert asked.subject.kind == common_pb2.IDENTIFIER_KIND_USCC
    assert UUID(asked.context.query_id)


@pytest.mark.parametrize("kind", list(IdentifierKind))
def test_every_kind_of_identifier_reaches_the_house_as_what_it_is(kind: IdentifierKind, house: SmallHouse) -> None:
    with Client.open(house.identity()) as client:
        assert not client.check(Identifier(kind, "X"), **WHY).found
    asked = house.questions(sharing_pb2.CheckSubjectRequest)[0]
    assert common_pb2.IdentifierKind.Name(asked.subject.kind) == f"IDENTIFIER_KIND_{kind.name}"


def test_an_unanswered_question_is_asked_again_under_the_same_query_id(client: Any, house: SmallHouse) -> None:
    house.trouble += [(BEFORE, Refused(UNAVAILABLE)), (AFTER, Refused(UNAVAILABLE))]

    client.check(uscc=USCC, **WHY)

    asked = house.questions(sharing_pb2.CheckSubjectRequest)
    assert len(asked) == 3
    assert len({request.context.query_id for request in asked}) == 1


def test_two_questions_have_two_query_ids(client: Any, house: SmallHouse) -> None:
    client.check(uscc=USCC, **WHY)
    client.check(uscc=USCC, **WHY)
    asked = house.questions(sharing_pb2.CheckSubjectRequest)
    assert len({request.context.query_id for request in asked}) == 2


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.UNAVAILABLE, Kind.DEADLINE)])
def test_a_refusal_is_told_in_full_and_never_tried_again(client: Any, house: SmallHouse, kind: Kind) -> None:
    reason = Reason("SOME_REASON", kind, Wording("It is so.", "Do this.", "54号"))
    house.trouble.append((BEFORE, Refused(reason, field="context.purpose")))

    with pytest.raises(RefusedError) as caught:
        client.check(uscc=USCC, **WHY)

    refused = caught.value
    assert (refused.reason, refused.field) == ("SOME_REASON", "context.purpose")
    assert (refused.message, refused.remedy) == ("It is so.", "Do this.")
    assert str(refused) == "SOME_REASON (context.purpose): It is so. Do this."
    assert len(house.seen) == 1


def test_a_refusal_of_the_whole_has_no_field(client: Any, house: SmallHouse) -> None:
    house.trouble.append((BEFORE, Refused(ROLE_REQUIRED)))
    with pytest.raises(RefusedError) as caught:
        client.report(uscc=USCC, **WHY)
    assert caught.value.field == ""


def test_a_house_that_stays_away_is_unavailable_in_the_time_given(
    connect: Callable[..., Any], house: SmallHouse
) -> None:
    house.trouble += [(BEFORE, Refused(UNAVAILABLE))] * 100
    with pytest.raises(UnavailableError):
        connect(timeout=1).check(uscc=USCC, **WHY)
    assert 2 <= len(house.seen) < 20


def test_a_house_that_does_not_answer_is_left_after_the_time_given(
    connect: Callable[..., Any], house: SmallHouse
) -> None:
    house.open.clear()
    with pytest.raises(UnavailableError, match="DEADLINE_EXCEEDED"):
        connect(timeout=0.4).check(uscc=USCC, **WHY)


def test_too_little_time_is_no_refusal(client: Any, house: SmallHouse) -> None:
    house.trouble.append((BEFORE, Refused(DEADLINE_TOO_NEAR)))
    client.check(uscc=USCC, **WHY)
    assert len(house.seen) == 2


def test_no_question_allows_more_than_ten_seconds(connect: Callable[..., Any], house: SmallHouse) -> None:
    connect(timeout=3600).check(uscc=USCC, **WHY)
    assert 9 < house.seen[0][1] <= 10


def test_a_system_of_another_ca_is_not_answered(house: SmallHouse) -> None:
    folder, stranger_ca = house.identity(), make_ca()
    write_identity(
        folder.parent / "stranger", issue(stranger_ca, "stranger"), house.ca, {"catalog": f"localhost:{house.port}"}
    )
    with Client(Identity.open(folder.parent / "stranger"), timeout=0.5) as client, pytest.raises(UnavailableError):
        client.check(uscc=USCC, **WHY)
    assert not house.seen


def test_a_server_of_another_ca_is_not_told_anything(house: SmallHouse) -> None:
    folder, stranger_ca = house.identity(), make_ca()
    write_identity(folder, issue(house.ca, "permits"), stranger_ca, {"catalog": f"localhost:{house.port}"})
    with Client(Identity.open(folder), timeout=0.5) as client, pytest.raises(UnavailableError):
        client.check(uscc=USCC, **WHY)
    assert not house.seen


def test_a_report_gives_the_records_with_their_fields(client: Any, house: SmallHouse) -> None:
    entry = sharing_pb2.ReportedRecord()
    entry.record.record_id, entry.record.item_code, entry.record.item_title = "r1", "A.PENALTY", "行政处罚"
    entry.record.severity, entry.record.determined_on = common_pb2.SEVERITY_SERIOUS, "2026-01-05"
    entry.record.ends_before, entry.record.version = "2029-01-05", 2
    entry.fields.add(name="facts", value="sold expired food")
    house.report.append(entry)

    report = client.report(Identifier.resident_id(PERSON), **WHY)

    record = report.records[0]
    assert (record.record_id, record.severity, record.version) == ("r1", Severity.SERIOUS, 2)
    assert record.determined_on.isoformat() == "2026-01-05"
    assert record.earliest_repair_on is None
    assert record.fields == {"facts": "sold expired food"}
    assert PERSON not in repr(report)
    assert "expired" not in repr(report)


def test_a_receipt_proves_that_the_answer_is_in_the_log(client: Any, house: SmallHouse) -> None:
    for _ in range(3):
        answer = client.check(uscc=USCC, **WHY)
    receipt = client.receipt(answer)
    assert receipt.verify().index == 2
    assert receipt.verify(house.log_vkey).entry == receipt.entry


def test_a_receipt_that_was_altered_or_is_of_another_log_proves_nothing(
    client: Any, house: SmallHouse, tmp_path: Any
) -> None:
    receipt = client.receipt(client.check(uscc=USCC, **WHY))
    other = SmallHouse(tmp_path / "other")
    with pytest.raises(ProofError):
        receipt.verify(other.log_vkey)
    altered = dataclasses.replace(receipt, text=receipt.text.replace("index 0", "index 1"))
    with pytest.raises(ProofError):
        altered.verify()


def test_a_true_receipt_of_another_entry_does_not_prove_this_answer(client: Any) -> None:
    first, second = client.check(uscc=USCC, **WHY), client.check(uscc=USCC, **WHY)
    swapped = dataclasses.replace(client.receipt(first), journal=second.receipt)
    with pytest.raises(ProofError, match="another entry"):
        swapped.verify()


def test_a_refused_member_has_no_receipt_and_its_found_is_no_no(client: Any) -> None:
    answer = next(iter(client.check_many([REFUSED_MEMBER], **WHY)))
    with pytest.raises(RefusedError):
        _ = answer.found
    with pytest.raises(ValueError, match="refused"):
        client.receipt(answer)


def test_an_acknowledgement_reaches_the_house(client: Any, house: SmallHouse) -> None:
    assert client.acknowledge("r1").year == 2026
    assert house.acknowledged == ["r1"]


def test_a_party_is_named_exactly_once(client: Any) -> None:
    for bad in ({}, {"identifier": USCC, "uscc": USCC}):
        with pytest.raises(ValueError, match="once"):
            client.check(**bad, **WHY)


def test_identifiers_and_names_print_redacted() -> None:
    assert PERSON not in repr(Identifier.resident_id(PERSON))
    assert PERSON not in f"{Identifier.resident_id(PERSON)}"


def test_every_end_reason_of_the_contract_has_a_name_here() -> None:
    theirs = {value.name.removeprefix("END_REASON_") for value in record_pb2.EndReason.DESCRIPTOR.values}
    assert theirs - {"UNSPECIFIED"} == {reason.name for reason in EndReason}


def test_a_missing_value_names_its_field(client: Any, house: SmallHouse) -> None:
    house.trouble.append((BEFORE, Refused(VALUE_REQUIRED, field="context.matter")))
    with pytest.raises(RefusedError, match=r"VALUE_REQUIRED \(context.matter\)"):
        client.check(uscc=USCC, purpose="tender", matter="", officer="Li")
