"""The export is whole and journalled first; overdue steps of every office are found, each by its own last day."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from foundation.calendar import SHANGHAI
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from services.audit.domain.access import Access
from services.audit.office.sequencing import Sequencer
from tests.services.questions.house import BASIS, DEPARTMENTS, AuditHouse, auditor, question


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.audit.office.questions._EXPORTED", 3)


async def sequenced(house: AuditHouse) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    await Sequencer(
        house.databases["audit"], [*house.sources.values()], key=key, origin="test/log", token=uuid4()
    ).round()


async def exported(
    house: AuditHouse, *, authorities: tuple[str, ...] = (), private: bool = False, token: str = "", pages: int = 99
) -> tuple[list[Access], str, int]:
    now = datetime.now(SHANGHAI)
    asked = question(since=now - timedelta(days=1), before=now + timedelta(days=1), token=token)
    rows, after, total = list[Access](), "", 0
    async for shown, after, total, _ in house.questions.export(  # noqa: B007 the last ones are given back
        asked, auditor("QuestionService.ExportAccesses"), authorities=[*authorities], private=private
    ):
        rows += shown
        pages -= 1
        if not pages:
            break
    return rows, after, total


async def test_an_export_has_every_entry_once_and_personal_parts_only_when_asked_for(house: AuditHouse) -> None:
    written = [await house.look(at=None, source=source) for source in ("catalog", "repair", "catalog", "repair")]
    written.append(await house.look(at=None, authority=DEPARTMENTS[1]))
    await sequenced(house)
    rows, _, total = await exported(house)
    assert total == len(rows) == len(written)
    assert len({(row.source, row.entry_id) for row in rows}) == len(written)
    assert {(row.officer.reveal(), row.matter.reveal()) for row in rows} == {("", "")}
    private, _, _ = await exported(house, private=True, authorities=(DEPARTMENTS[1],))
    assert [(row.authority, row.officer.reveal(), row.matter.reveal()) for row in private] == [
        (DEPARTMENTS[1], "officer-1", "样例-1")
    ]


async def test_an_export_goes_on_where_it_ended(house: AuditHouse) -> None:
    for _ in range(8):
        await house.look(at=None)
    await sequenced(house)
    first, after, total = await exported(house, pages=1)
    rest, _, left = await exported(house, token=after)
    assert (len(first), total, left) == (3, 8, 5)
    assert [row.log_index for row in [*first, *rest]] == list(range(8))


async def test_the_export_is_journalled_before_its_first_entry_leaves(house: AuditHouse) -> None:
    await house.look(at=None)
    await sequenced(house)
    now = datetime.now(SHANGHAI)
    asked = question(since=now - timedelta(days=1), before=now + timedelta(days=1))
    pages = house.questions.export(asked, auditor("QuestionService.ExportAccesses"), authorities=[], private=False)
    _, _, _, receipt = await anext(pages)
    entry = house.last_entry()
    assert (entry["kind"], entry["entry_id"]) == ("QuestionService.ExportAccesses", receipt.entry_id)
    await pages.aclose()
    found, _, _ = await house.questions.looks(
        question(since=asked.since, before=asked.before, authority=auditor().caller.authority), auditor()
    )
    assert [(one.matter.reveal(), one.officer.reveal()) for one in found] == [(BASIS, "auditor-1")]


async def test_an_empty_export_is_an_entry_too_and_a_false_place_is_refused(house: AuditHouse) -> None:
    rows, after, total = await exported(house)
    assert (rows, after, total) == ([], "", 0)
    assert house.last_entry()["kind"] == "QuestionService.ExportAccesses"
    with pytest.raises(Refused) as refused:
        await exported(house, token="[1]")
    assert refused.value.reason is VALUE_INVALID


def application(house: AuditHouse, due: str) -> UUID:
    """An application that waits until the day that the SQL `due` gives."""
    number = uuid4()
    house.sql(
        "repair",
        "SET session_replication_role = replica; INSERT INTO standing VALUES"
        " (get_byte(uuid_send({}), 0), {}, 'r', {}, 'accepted', 2, " + due + ", false, now(), NULL)",
        number,
        number,
        DEPARTMENTS[0],
    )
    return number


async def test_applications_whose_last_day_is_over_are_found_and_others_are_not(house: AuditHouse) -> None:
    late = application(house, "house_today() - 1")
    application(house, "house_today()")
    [found] = await house.found("overdue_steps")
    assert (found.detector, found.group.matter, found.group.count) == ("overdue_step", str(late), 1)
    assert (found.group.source, found.group.authority) == ("repair", DEPARTMENTS[0])
    assert "accepted" in found.because_en
    assert await house.found("overdue_steps", authority=DEPARTMENTS[1]) == []


async def test_list_cases_whose_last_day_is_over_are_found(house: AuditHouse) -> None:
    number = uuid4()
    house.sql(
        "blacklist",
        "SET session_replication_role = replica;"
        " INSERT INTO case_file (bucket, case_id, authority, scheme_code, sample, wrap, party)"
        " VALUES (get_byte(uuid_send({0}), 0), {0}, 'a', 's', true, 'w', 'p');"
        " INSERT INTO case_step (bucket, case_id, seq, step, state, at, officer, officer_tag, artefact,"
        " artefact_digest, due_on, due_provisional)"
        " VALUES (get_byte(uuid_send({0}), 0), {0}, 1, 'open', 'investigating', now(), 'o', {1}, 'a',"
        " {2}, house_today() - 3, false)",
        number,
        bytes(16),
        bytes(32),
    )
    [found] = await house.found("overdue_steps")
    assert (found.group.source, found.group.matter, found.group.count) == ("blacklist", str(number), 3)


@pytest.mark.parametrize(("extra", "found"), [(0, False), (1, True)])
async def test_a_receiver_that_has_not_acknowledged_in_time_is_found(
    house: AuditHouse, extra: int, found: bool
) -> None:
    days = house.questions.policy.number("withdrawal.acknowledgement", on=datetime.now(SHANGHAI).date()).value
    ((today,),) = house.sql("catalog", "SELECT house_today()")
    since, left = today, days
    while left:
        since -= timedelta(days=1)
        left -= house.questions.calendar.is_working_day(since)
    while house.questions.calendar.add_working_days(since, days).on >= today - timedelta(days=extra - 1) and extra:
        since -= timedelta(days=1)
    house.sql(
        "catalog",
        "SET session_replication_role = replica;"
        " INSERT INTO record (bucket, record_id, version, subject_id, person, item_code, provider,"
        " determining_authority, document_kind, document_tag, determined_on, ends_before, public, sample, handed_in_at,"
        " erase_before, ended_at, end_reason) VALUES (1, {0}, 2, {0}, false, 'i', 'p', 'd',"
        " 'penalty_decision', 't', {1}, 'infinity',"
        " false, true, now(), '2999-01-01', {1}::date + time '12:00', 'repaired');"
        " INSERT INTO disclosure VALUES (1, {0}, {2}, now()), (1, {0}, {3}, now());"
        " INSERT INTO acknowledgement VALUES (1, {0}, {3}, now())",
        uuid4(),
        since,
        DEPARTMENTS[0],
        DEPARTMENTS[1],
    )
    shown = await house.found("overdue_steps")
    assert [(one.detector, one.group.authority) for one in shown] == (
        [("overdue_receiver", DEPARTMENTS[0])] if found else []
    )
