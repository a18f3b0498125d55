"""Who looked: auditors search, a party sees its own, and each look at the looks is an entry itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chengxin.proofs import entry
from foundation.access import Person
from foundation.refusal import Refused
from foundation.rpc import Call
from services.audit.domain.access import NEWEST, Search
from services.audit.domain.questions import place
from services.audit.domain.reasons import BASIS_REQUIRED
from tests.services.audit.journals import DEPARTMENT, OTHER_DEPARTMENT, OTHER_PARTY, PARTY, Journals, caller

AUDITOR = caller(OTHER_DEPARTMENT)


async def search(journals: Journals, **values: object):
    found, _ = await journals.accesses.search(
        Search(**values), Call(caller=AUDITOR, method="AuditService.SearchAccesses")
    )
    return found


async def test_an_auditor_finds_who_looked_with_official_and_matter(journals: Journals) -> None:
    await journals.look(items=("penalty.market",))
    await journals.look(subject=None, matter="T-2", officer="official Wang", caller=caller(OTHER_DEPARTMENT))
    await journals.sequencer().round()
    newest, oldest = await search(journals)
    assert (oldest.authority, oldest.officer.reveal(), oldest.matter.reveal()) == (DEPARTMENT, "official Li", "T-1")
    assert (oldest.items, oldest.log_index, oldest.decision) == (("penalty.market",), 0, "answered")
    assert (newest.authority, newest.matter.reveal(), newest.log_index) == (OTHER_DEPARTMENT, "T-2", 1)


async def test_a_search_can_be_narrowed(journals: Journals) -> None:
    await journals.look()
    await journals.look(caller=caller(OTHER_DEPARTMENT), purpose="licence")
    await journals.look(decision="refused", reason="GRANT_REQUIRED")
    await journals.sequencer().round()
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    assert len(await search(journals)) == 3
    assert len(await search(journals, authority=OTHER_DEPARTMENT, purpose="licence")) == 1
    assert [one.reason for one in await search(journals, decision="refused")] == ["GRANT_REQUIRED"]
    assert len(await search(journals, purpose="tender", since=now - hour, before=now + hour)) == 2
    assert await search(journals, before=now - hour) == []
    assert await search(journals, since=now + hour) == []
    newest = await search(journals, most=1)
    assert [one.decision for one in newest] == ["refused"]


async def test_a_search_about_a_party_needs_a_basis_and_shows_the_last_second_too(journals: Journals) -> None:
    with pytest.raises(Refused) as refused:
        Search(subject=PARTY)
    assert refused.value.reason is BASIS_REQUIRED
    await journals.look()
    await journals.sequencer().round()
    await journals.look(matter="T-2")
    await journals.look(subject=OTHER_PARTY)
    found = await search(journals, subject=PARTY, basis="audit 2026-7")
    assert [(one.matter.reveal(), one.log_index) for one in found] == [("T-2", None), ("T-1", 0)]
    assert await search(journals, subject=PARTY, basis="audit 2026-7", decision="refused") == []


async def test_each_search_is_an_entry_itself(journals: Journals) -> None:
    await journals.look()
    await search(journals, subject=PARTY, basis="audit 2026-7")
    about = await search(journals, subject=PARTY, basis="audit 2026-8")
    assert [(one.source, one.kind, one.matter.reveal()) for one in about] == [
        ("audit", "AuditService.SearchAccesses", "audit 2026-7"),
        ("repair", "RepairService.CheckEligibility", "T-1"),
    ]
    await journals.sequencer().round()
    with journals.admin() as connection:
        leaves = connection.execute("SELECT leaf FROM log_entry WHERE source = 'audit' ORDER BY index").fetchall()
    assert [entry.decode(bytes(leaf)).authority for (leaf,) in leaves] == [OTHER_DEPARTMENT] * 2


async def test_a_party_sees_who_looked_but_not_which_official(journals: Journals) -> None:
    await journals.look(items=("penalty.market",))
    await journals.look(subject=OTHER_PARTY)
    await journals.sequencer().round()
    gateway = caller()
    for looked in range(2):
        shown, receipt = await journals.accesses.to_party(
            Person(identifier=PARTY, name="样例公司"), Call(caller=gateway, method="AuditService.ListAccessesToSubject")
        )
        assert receipt.source == "audit"
        assert len(shown) == 1 + looked  # its own first look is the second time among them
        access = shown[-1]
        assert (access.authority, access.purpose, access.matter.reveal()) == (DEPARTMENT, "tender", "T-1")
        assert (access.items, access.log_index, access.officer.reveal()) == (("penalty.market",), 0, "")


async def test_looks_go_on_after_a_place_without_what_came_meanwhile(journals: Journals) -> None:
    for number in range(4):
        await journals.look(matter=f"T-{number}")
    whole = await search(journals, subject=PARTY, basis="audit 2026-7")
    call = Call(caller=caller(), method="AuditService.ListAccessesToSubject")
    person = Person(identifier=PARTY, name="样例公司")
    newest, _ = await journals.accesses.to_party(person, call)
    for seen, access in enumerate(newest, start=1):
        rest, _ = await journals.accesses.to_party(person, call, after=access.place)
        assert [(one.source, one.entry_id) for one in rest] == [(one.source, one.entry_id) for one in newest[seen:]]
    assert [one.matter.reveal() for one in newest if one.source == "repair"] == ["T-3", "T-2", "T-1", "T-0"]
    assert len(whole) == 4


@pytest.mark.parametrize("token", ["x", "7", "[1]", '[1, "a", "b"]', '[1, "\\u0000", 1]', '[1e3, "a", 1]', "[" * 2000])
def test_a_token_that_names_no_place_is_refused(token: str) -> None:
    with pytest.raises(Refused) as refused:
        place(token, *NEWEST, field="page_token")
    assert (refused.value.reason.code, refused.value.field) == ("VALUE_INVALID", "page_token")


async def test_a_party_nobody_looked_at_sees_nothing(journals: Journals) -> None:
    shown, _ = await journals.accesses.to_party(
        Person(identifier=PARTY, name="样例公司"), Call(caller=caller(), method="AuditService.ListAccessesToSubject")
    )
    assert shown == []


async def test_what_is_erased_shows_no_more_and_the_log_stands(journals: Journals) -> None:
    named = await journals.look()
    await journals.sequencer().round()
    with journals.admin("repair") as connection:
        connection.execute("ALTER TABLE journal_private DISABLE TRIGGER private_is_over")  # years later
        connection.execute("DELETE FROM journal_private")
    [access] = await search(journals)
    assert (access.officer.reveal(), access.matter.reveal(), access.authority) == ("", "", DEPARTMENT)
    assert await search(journals, subject=PARTY, basis="audit 2026-7") == []
    assert await journals.prover.receipt("repair", named.entry_id, named.digest)
    journals.assert_append_only()


async def test_a_private_part_that_was_altered_is_not_shown_and_hides_no_access(journals: Journals) -> None:
    await journals.look()
    await journals.sequencer().round()
    with journals.admin("repair") as connection:
        connection.execute("UPDATE journal_private SET sealed = set_byte(sealed, 40, get_byte(sealed, 40) # 1)")
    [access] = await search(journals)
    assert (access.officer.reveal(), access.matter.reveal(), access.authority) == ("", "", DEPARTMENT)
