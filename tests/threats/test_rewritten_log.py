"""A log rewritten by somebody with all rights on the database, and even the log's key.

The rewritten log is sound in itself. What shows it is what left the house before: a kept checkpoint, a receipt, the
witness.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chengxin.proofs import (
    ProofError,
    checkpoint,
    consistency_proof,
    entry,
    leaf_hash,
    note,
    root_from_leaf_hashes,
    tiles,
    verify_consistency,
    verify_receipt,
)
from chengxin.proofs.checkpoint import sign_checkpoint, verify_checkpoint
from chengxin.proofs.walk import walk
from foundation.journal import Receipt
from foundation.refusal import Refused
from foundation.rpc import Call
from services.audit.domain.access import Search
from tests.services.audit.journals import DEPARTMENT, KEY, ORIGIN, OTHER_DEPARTMENT, VKEY, Journals, caller
from tests.support.databases import SchemaDatabase

Rewrite = Callable[[list[bytes]], list[bytes]]
LOOKS = 7


@pytest_asyncio.fixture
async def journals(schema_db: Callable[..., SchemaDatabase], tmp_path: Path) -> AsyncIterator[Journals]:
    """A repair office's journal and the log over it."""
    made = Journals(schema_db("audit", "repair"), tmp_path / "keys")
    yield made
    await made.close()


def logged(journals: Journals) -> list[bytes]:
    with journals.admin() as connection:
        rows = connection.execute("SELECT leaf FROM log_entry ORDER BY index").fetchall()
    return [bytes(row[0]) for row in rows]


def rewrite(journals: Journals, leaves: list[bytes]) -> str:
    """Put other leaves in the log's place, with tiles, head and signature that fit them; give the checkpoint."""
    hashes = [leaf_hash(leaf) for leaf in leaves]
    old = verify_checkpoint(journals.published()[-1][2], VKEY)
    signed = sign_checkpoint(replace(old, size=len(leaves), root=root_from_leaf_hashes(hashes)), KEY)
    with journals.admin() as connection:
        connection.execute("SET session_replication_role = replica")  # no trigger, no constraint on the way
        template = connection.execute("SELECT * FROM log_entry LIMIT 1")
        columns = [column.name for column in template.description or ()]
        (row,) = template.fetchall()
        for table in ("log_entry", "tile", "checkpoint"):
            connection.execute(f"DELETE FROM {table}")  # type: ignore[arg-type]
        for index, leaf in enumerate(leaves):
            values = dict(zip(columns, row, strict=True))
            values |= {"index": index, "entry_id": index, "leaf": leaf, "leaf_hash": hashes[index]}
            names, places = ", ".join(values), ", ".join(["%s"] * len(values))
            connection.execute(
                f"INSERT INTO log_entry ({names}) VALUES ({places})",  # type: ignore[arg-type]
                list(values.values()),
            )
        for tile, content in tiles.grow(0, {}, hashes).items():
            connection.execute("INSERT INTO tile VALUES (%s, %s, %s)", (tile.level, tile.index, content))
        connection.execute("UPDATE log_state SET size = %s, root = %s", (len(leaves), _root(hashes)))
        connection.execute(
            "INSERT INTO checkpoint (size, root, text) VALUES (%s, %s, %s)", (len(leaves), _root(hashes), signed)
        )
    return signed


def _root(hashes: list[bytes]) -> bytes:
    return root_from_leaf_hashes(hashes)


async def served(journals: Journals) -> Callable[[str, int], bytes]:
    """The log's public resources as the office serves them."""
    head = await journals.prover.checkpoint()
    resources = {"checkpoint": head.encode()}
    for tile, width in tiles.tiles_of(checkpoint.parse(note.text_of(head)).size):
        content = await journals.prover.tile(tile, width)
        resources[tiles.path(tile, width)] = content or b""
    return lambda path, _: resources[path]


def of_another_authority(leaf: bytes) -> bytes:
    """The entry as if another authority had looked."""
    said = entry.decode(leaf)
    assert said.authority == DEPARTMENT
    return replace(said, authority=OTHER_DEPARTMENT).encode()


REWRITES: dict[str, Rewrite] = {
    "edited": lambda leaves: [of_another_authority(leaves[0]), *leaves[1:]],
    "deleted": lambda leaves: [*leaves[:2], *leaves[3:]],
    "deleted and filled up": lambda leaves: [*leaves[:2], *leaves[3:], leaves[2]],
    "reordered": lambda leaves: [leaves[1], leaves[0], *leaves[2:]],
    "truncated": lambda leaves: leaves[:-1],
    "inserted": lambda leaves: [*leaves[:3], of_another_authority(leaves[3]), *leaves[3:]],
    "edited and grown": lambda leaves: [of_another_authority(leaves[0]), *leaves[1:], *leaves[:3]],
    "begun anew": lambda leaves: [of_another_authority(leaf) for leaf in leaves[:1]],
}


@pytest.mark.parametrize("how", REWRITES)
async def test_a_log_rewritten_and_signed_anew_contradicts_every_kept_checkpoint_and_receipt(
    journals: Journals, how: str
) -> None:
    named = [await journals.look(matter=f"样例-{number}") for number in range(LOOKS)]
    await journals.sequencer().round()
    kept = await journals.prover.checkpoint()
    receipt_kept, _ = await journals.prover.receipt("repair", named[0].entry_id, named[0].digest)
    assert walk(await served(journals), vkey=VKEY, seen=kept).head.size == LOOKS

    leaves = REWRITES[how](logged(journals))
    forged = rewrite(journals, leaves)

    # Alone it looks sound: whoever kept nothing sees nothing.
    assert walk(await served(journals), vkey=VKEY).signed
    with pytest.raises(ProofError, match=r"does not begin with the earlier checkpoint|shrunk"):
        walk(await served(journals), vkey=VKEY, seen=kept)
    # A receipt stays proof of what was there, against the house itself.
    proved = verify_receipt(receipt_kept, VKEY)
    head = verify_checkpoint(forged, VKEY)
    hashes = [leaf_hash(leaf) for leaf in leaves]
    if proved.head.size <= head.size:
        proof = consistency_proof(hashes, proved.head.size)
        with pytest.raises(ProofError):
            verify_consistency(proved.head.size, head.size, proof, proved.head.root, head.root)
    else:
        with pytest.raises(ProofError, match="shrink"):
            verify_consistency(proved.head.size, head.size, [], proved.head.root, head.root)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_entry SET authority = 'x', leaf = leaf || 'x', leaf_hash = sha256('\\x00'::bytea || leaf || 'x')"
        " WHERE index = 2",
        "UPDATE tile SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)",
        "UPDATE tile SET hashes = substr(hashes, 33, 32) || substr(hashes, 1, 32) || substr(hashes, 65)",
        "UPDATE tile SET hashes = substr(hashes, 1, octet_length(hashes) - 32)",
        "DELETE FROM tile",
    ],
)
async def test_a_log_altered_without_all_that_hangs_on_it_is_refused_by_the_walk_or_by_a_receipt(
    journals: Journals, statement: str
) -> None:
    named = [await journals.look(matter=f"样例-{number}") for number in range(LOOKS)]
    await journals.sequencer().round()
    with journals.admin() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(statement)  # type: ignore[arg-type]
    refused = [await _refusal_of_the_walk(journals)]
    refused += [await _refusal_of_a_receipt(journals, one) for one in named]
    assert any(refused), refused


async def _refusal_of_the_walk(journals: Journals) -> str:
    try:
        walk(await served(journals), vkey=VKEY)
    except ProofError as error:
        return str(error)
    except KeyError:
        return "a tile that is gone is served as HTTP 500, which the walk tells"
    return ""


async def _refusal_of_a_receipt(journals: Journals, named: Receipt) -> str:
    try:
        text, kept = await journals.prover.receipt("repair", named.entry_id, named.digest)
        verify_receipt(text, VKEY, kept)
    except (ProofError, Refused, LookupError) as error:  # a damaged tile is the office's internal error
        return str(error) or type(error).__name__
    return ""


async def test_the_log_is_not_signed_on_over_tiles_that_somebody_altered(journals: Journals) -> None:
    for _ in range(LOOKS):
        await journals.look()
    sequencer = journals.sequencer()
    await sequencer.round()
    with journals.admin() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE tile SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)")
    await journals.look()
    assert not await sequencer.round()
    assert [size for size, _, _ in journals.published()] == [LOOKS]
    with journals.admin() as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE tile SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)")
    await sequencer.round()
    assert [size for size, _, _ in journals.published()] == [LOOKS, LOOKS + 1]
    journals.assert_append_only()


async def test_two_heads_of_one_size_for_two_readers_are_refused_side_by_side(journals: Journals) -> None:
    for _ in range(LOOKS):
        await journals.look()
    await journals.sequencer().round()
    one = verify_checkpoint(await journals.prover.checkpoint(), VKEY)
    other = verify_checkpoint(rewrite(journals, REWRITES["edited"](logged(journals))), VKEY)
    assert (one.size, one.origin) == (other.size, other.origin)
    with pytest.raises(ProofError, match="two roots for one size"):
        verify_consistency(one.size, other.size, [], one.root, other.root)


async def test_a_receipt_of_another_log_or_with_another_index_proves_nothing(journals: Journals) -> None:
    named = [await journals.look(matter=f"样例-{number}") for number in range(LOOKS)]
    await journals.sequencer().round()
    text, kept = await journals.prover.receipt("repair", named[3].entry_id, named[3].digest)
    assert verify_receipt(text, VKEY, kept).index == 3
    stranger = Ed25519PrivateKey.generate()
    elsewhere = note.vkey("elsewhere.test/log", KEY.public_key())
    for key in (elsewhere, note.vkey(ORIGIN, stranger.public_key())):
        with pytest.raises(ProofError, match="no trusted key signed it"):
            verify_receipt(text, key, kept)
    for index in (0, 2, 4, 6, 7, 11, 2**63):
        with pytest.raises(ProofError):
            verify_receipt(text.replace("index 3\n", f"index {index}\n"), VKEY, kept)
    # Signed by the right key, for another origin: a log may not borrow the other's name.
    head = verify_checkpoint(text.partition("\n\n")[2], VKEY)
    borrowed = note.sign(replace(head, origin="elsewhere.test/log").text(), ORIGIN, KEY)
    with pytest.raises(ProofError, match="of another log"):
        verify_receipt(f"{text.partition(chr(10) * 2)[0]}\n\n{borrowed}", VKEY, kept)


async def test_a_row_changed_or_taken_out_of_a_journal_stands_unchanged_in_the_log(journals: Journals) -> None:
    first = await journals.look(matter="样例-1")
    gone = await journals.look(matter="样例-2")
    await journals.look(matter="样例-3")
    await journals.sequencer().round()
    with journals.admin("repair") as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE journal SET authority = %s, decision = 'refused', reason = 'NOT_GRANTED' WHERE entry_id = %s",
            (OTHER_DEPARTMENT, first.entry_id),
        )
        connection.execute("DELETE FROM journal WHERE entry_id = %s", (gone.entry_id,))
    found, _ = await journals.accesses.search(
        Search(basis="样例"), Call(caller=caller(), method="AuditService.SearchAccesses")
    )
    shown = {one.entry_id: (one.authority, one.decision) for one in found if one.source == "repair"}
    assert shown[first.entry_id] == (DEPARTMENT, "answered")
    assert shown[gone.entry_id] == (DEPARTMENT, "answered")
    for one in (first, gone):
        text, kept = await journals.prover.receipt("repair", one.entry_id, one.digest)
        assert entry.decode(verify_receipt(text, VKEY, kept).entry).entry_id == one.entry_id


async def test_a_row_slipped_into_a_journal_behind_the_log_has_no_place_and_no_proof(journals: Journals) -> None:
    first = await journals.look(matter="样例-1")
    await journals.look(matter="样例-2")
    await journals.sequencer().round()
    with journals.admin("repair") as connection:
        columns = [
            row[0]
            for row in connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'journal'::regclass AND attnum > 0"
            ).fetchall()
        ]
        taken = ", ".join(
            {"entry_id": "entry_id + 1000000", "authority": f"'{OTHER_DEPARTMENT}'"}.get(name, name) for name in columns
        )
        connection.execute(
            f"INSERT INTO journal ({', '.join(columns)}) OVERRIDING SYSTEM VALUE"  # type: ignore[arg-type]
            f" SELECT {taken} FROM journal WHERE entry_id = {first.entry_id}"
        )
        slipped = first.entry_id + 1_000_000
    await journals.sequencer().round()
    found, _ = await journals.accesses.search(
        Search(basis="样例"), Call(caller=caller(), method="AuditService.SearchAccesses")
    )
    assert slipped not in {one.entry_id for one in found if one.source == "repair"}
