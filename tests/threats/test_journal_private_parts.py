"""Who stands beside an entry: altered, exchanged or moved private parts are shown as gone, never as another's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from foundation.access import Person
from foundation.rpc import Call
from services.audit.domain.access import Search
from tests.services.audit.journals import OTHER_PARTY, PARTY, Journals, caller
from tests.support.databases import SchemaDatabase
from tests.unit.crypto.ciphertexts import each_bit_flipped

ROW = "salt, sealed, items"


@pytest_asyncio.fixture
async def journals(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Journals]:
    """A repair office's journal and the log over it."""
    made = Journals(schema_db("audit", "repair"), tmp_path / "keys")
    yield made
    await made.close()


async def seen(journals: Journals) -> list[tuple[int, str, str, tuple[str, ...]]]:
    """Who looked at the party, as the audit office reads it from the journal."""
    source = journals.sources["repair"]
    found = [await source.access(row) for row in await source.about(PARTY, Search(basis="样例"))]
    return [(one.entry_id, one.officer.reveal(), one.matter.reveal(), one.items) for one in found]


async def logged(journals: Journals) -> dict[int, str]:
    """The same from the log, by entry: its officials."""
    found, _ = await journals.accesses.search(
        Search(basis="样例"), Call(caller=caller(), method="AuditService.SearchAccesses")
    )
    return {one.entry_id: one.officer.reveal() for one in found if one.source == "repair"}


def private(journals: Journals, entry_id: int) -> tuple[Any, ...]:
    with journals.admin("repair") as connection:
        row = connection.execute(
            f"SELECT {ROW} FROM journal_private WHERE entry_id = %s",  # type: ignore[arg-type]
            (entry_id,),
        ).fetchone()
    assert row is not None
    return row


def put(journals: Journals, entry_id: int, *many: tuple[Any, ...]) -> Iterator[None]:
    """Put each of these in the entry's place, one after another."""
    with journals.admin("repair") as connection:
        for values in many:
            connection.execute(
                f"UPDATE journal_private SET ({ROW}) = ROW(%s, %s, %s) WHERE entry_id = %s",  # type: ignore[arg-type]
                (*values, entry_id),
            )
            yield


async def test_the_private_part_of_another_entry_names_nobody(journals: Journals) -> None:
    mine = await journals.look(officer="样例甲", matter="样例-1", items=("cn.penalty",))
    other = await journals.look(OTHER_PARTY, officer="样例乙", matter="样例-2", items=("cn.licence",))
    assert [(officer, items) for _, officer, _, items in await seen(journals)] == [("样例甲", ("cn.penalty",))]
    await journals.sequencer().round()
    next(put(journals, mine.entry_id, private(journals, other.entry_id)))
    assert [(entry_id, officer, matter) for entry_id, officer, matter, _ in await seen(journals)] == [
        (mine.entry_id, "", "")
    ]
    assert (await logged(journals))[mine.entry_id] == ""
    assert (await logged(journals))[other.entry_id] == "样例乙"


async def test_other_items_beside_an_entry_are_noticed(journals: Journals) -> None:
    mine = await journals.look(officer="样例甲", items=("cn.penalty",))
    salt, sealed, _ = private(journals, mine.entry_id)
    next(put(journals, mine.entry_id, (salt, sealed, ["cn.licence"])))
    assert [officer for _, officer, _, _ in await seen(journals)] == [""]


@pytest.mark.parametrize(
    "altered",
    [
        "subject_tag = (SELECT subject_tag FROM journal_private WHERE entry_id = {mine})",
        "officer_tag = sha256('another')",
        "officer_tag = NULL",
        "visible_from = now() - interval '1 day'",
    ],
)
async def test_an_entry_does_not_change_whom_it_concerns_who_asked_or_when_it_shows(
    journals: Journals, altered: str
) -> None:
    mine = await journals.look(officer="样例甲", matter="样例-1")
    other = await journals.look(OTHER_PARTY, officer="样例乙", matter="样例-2")
    await journals.sequencer().round()
    assert (await logged(journals))[other.entry_id] == "样例乙"
    with journals.admin("repair") as connection:
        change = altered.format(mine=mine.entry_id)
        connection.execute(f"UPDATE journal_private SET {change} WHERE entry_id = %s", (other.entry_id,))  # type: ignore[arg-type]
    assert (await logged(journals))[other.entry_id] == ""
    assert (await logged(journals))[mine.entry_id] == "样例甲"


async def test_no_bit_of_a_private_part_or_its_salt_can_be_turned_unseen(journals: Journals) -> None:
    mine = await journals.look(officer="样例甲", matter="样例-1")
    salt, sealed, items = private(journals, mine.entry_id)
    many = [(altered, sealed, items) for altered in each_bit_flipped(bytes(salt))]
    many += [(salt, altered, items) for altered in each_bit_flipped(bytes(sealed))]
    for _ in put(journals, mine.entry_id, *many):
        # The look itself still shows; whose it was does not, and nobody else's name does.
        assert [one[:3] for one in await seen(journals)] == [(mine.entry_id, "", "")]
    next(put(journals, mine.entry_id, (salt, sealed, items)))
    assert [one[:3] for one in await seen(journals)] == [(mine.entry_id, "样例甲", "样例-1")]


async def test_a_private_part_that_is_gone_leaves_the_look_in_the_log(journals: Journals) -> None:
    mine = await journals.look(officer="样例甲")
    await journals.sequencer().round()
    with journals.admin("repair") as connection:
        connection.execute("SET session_replication_role = replica")  # no trigger stands in the attacker's way
        connection.execute("DELETE FROM journal_private")
    assert await seen(journals) == []
    assert (await logged(journals)) == {mine.entry_id: ""}


async def test_the_party_is_not_shown_another_party_s_looks(journals: Journals) -> None:
    await journals.look(OTHER_PARTY, officer="样例乙")
    shown, _ = await journals.accesses.to_party(
        Person(identifier=PARTY, name="样例"), Call(caller=caller(), method="AuditService.ListAccessesToSubject")
    )
    assert [one for one in shown if one.source == "repair"] == []
