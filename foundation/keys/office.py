"""What officials do about keys: see them, begin a rotation, have an old key destroyed. One method, one transaction."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID, uuid4

from foundation.access import Caller, Officer
from foundation.db import Row, Transaction
from foundation.journal import Entry
from foundation.keys import reasons, store
from foundation.personal import NOTHING, Personal
from foundation.reasons import NOT_FOUND
from foundation.refusal import Refused
from foundation.rpc import Ground
from foundation.words import Words


def following(key: str, from_key: str, *, provider: bool) -> str:
    """The generation after `from_key` of `key`: share/2027-03 is followed by share/2027-03/2, index/x/1 by index/x/2."""
    number = re.sub(r"[^0-9]", "", from_key.removeprefix(key)) or "1"
    return f"{key}/{'p' if provider else ''}{int(number) + 1}"


def entry(kind: str, caller: Caller, rotation: Row, *, officer: Personal | str = "") -> Entry:
    """The journal entry of a change of a rotation's state."""
    return Entry(
        kind=kind,
        caller=caller,
        officer=officer,
        matter=f"{rotation.key}: {rotation.from_key} -> {rotation.to_key}",
        decision="changed",
        disclosed=(f"{rotation.rotation_id}:{rotation.n}:{rotation.method}",),
    )


class KeyOffice:
    """The keys of one office; `rotated` are the beginnings of the names of those that it can rotate."""

    def __init__(self, ground: Ground, *, rotated: tuple[str, ...]) -> None:
        self._database = ground.database
        self._keyring = ground.keyring
        self._journal = ground.journal
        self._rotated = rotated
        self._words = Words(ground.keyring, "key_rotation")

    async def list(self, caller: Caller) -> tuple[Sequence[Row], Sequence[Row]]:
        """All keys by name, and the newest rotations."""
        async with self._database.transaction() as tx:
            await self._journal.write(tx, Entry(kind="KeyService.ListKeys", caller=caller))
            return await store.keys(tx), await store.rotations(tx)

    async def start(self, caller: Caller, officer: Officer, *, key: str, method: str) -> Row:
        """Make the new key and put the rotation down; the office's worker carries it out.

        Raises Refused(KEY_NOT_ROTATED, INDEX_NOT_ROTATED, NOT_FOUND, ROTATION_UNDER_WAY).
        """
        provider = method == "provider"
        kind = "index" if key.startswith("index/") else "rewrap"
        if method == kind == "index" and key not in self._rotated:
            raise Refused(reasons.INDEX_NOT_ROTATED, field="key")
        if not provider and (kind != method or not key.startswith(self._rotated)):
            raise Refused(reasons.KEY_NOT_ROTATED, field="key")
        async with self._database.transaction() as tx:
            from_key = await store.current(tx, key, provider=provider)
            if from_key is None:
                raise Refused(NOT_FOUND, field="key")
            to_key = following(key, from_key, provider=provider)
            rotation_id, official = uuid4(), await self._words.official(officer)
            row = await store.start(
                tx,
                rotation_id=rotation_id,
                key=key,
                method=method,
                from_key=from_key,
                to_key=to_key,
                started_by=official,
                proposed_by=official,
                proposal=await self._words.seal(tx.now, rotation_id, "proposal", officer.subject),
            )
            if row is None:
                raise Refused(reasons.ROTATION_UNDER_WAY, field="key")
            if not provider:
                await self._keyring.kek(to_key)  # there before anybody can be told to use it
            await self._journal.write(tx, entry("KeyService.StartRotation", caller, row, officer=officer.subject))
            return row

    async def approve(self, caller: Caller, officer: Officer, rotation_id: UUID) -> Row:
        """Say that the old key may go; with the second official's word the worker destroys it.

        Raises Refused(NOT_FOUND, ROTATION_NOT_VERIFIED, SECOND_CUSTODIAN_NEEDED).
        """
        async with self._database.transaction() as tx:
            row = await self._known(tx, rotation_id)
            official = await self._words.official(officer)
            if row.proposed_by == official:
                raise Refused(reasons.SECOND_CUSTODIAN_NEEDED, field="rotation_id")
            sealed = {
                said: await self._words.seal(tx.now, rotation_id, said, officer.subject)
                for said in ("proposal", "approval")
            }
            said = await tx.call("key_approve", rotation=rotation_id, officer=official, **sealed)
            if said.scalar_one() is None:
                raise Refused(reasons.ROTATION_NOT_VERIFIED, field="rotation_id")
            await self._journal.write(tx, entry("KeyService.ApproveRetirement", caller, row, officer=officer.subject))
            return await self._known(tx, rotation_id)

    async def custodians(self, row: Row) -> tuple[Personal, Personal]:
        """Who said first that the old key may go, and who second; empty for nobody yet, and where it does not open."""
        try:
            (first,) = await self._words.open(row.proposal, row.rotation_id, "proposal", count=1)
            (second,) = await self._words.open(row.approval, row.rotation_id, "approval", count=1)
        except Refused:  # a key in a suite that is too old is to be seen here, and rotated
            return NOTHING, NOTHING
        return first, second

    async def _known(self, tx: Transaction, rotation_id: UUID) -> Row:
        row = await store.rotation(tx, rotation_id)
        if row is None:
            raise Refused(NOT_FOUND, field="rotation_id")
        return row
