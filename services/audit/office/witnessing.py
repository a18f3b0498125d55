"""Brings each new head to the witness, keeps what it signs, and stops a log that the witness knows to be longer.

Source: c2sp.org/tlog-witness. Without a witness's address nothing is done.
"""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import structlog

from chengxin.proofs import ProofError, base64text, checkpoint, cosignature, decimal, note
from chengxin.proofs.walk import Unreachable, over_http
from foundation.db import Database
from services.audit.office.proving import Prover
from services.audit.store import log as store

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_ASK_S = 2.0
_MOST_BYTES = 1 << 20


class Witnessing:
    """One log's dealings with its witness. `url` is empty where there is none."""

    def __init__(self, database: Database, prover: Prover, *, url: str, witness_vkey: str, origin: str) -> None:
        self._database = database
        self._prover = prover
        self._url = url.rstrip("/")
        self._vkey = witness_vkey
        self._origin = origin
        self._known = 0
        self._cosigned = -1
        self._said = ""
        self.ahead = False
        """Whether the witness knows another or a longer log than this: what is appended now would be a fork."""

    async def look(self) -> None:
        """Find out whether the witness knows more than the log holds, as after the restore of an older backup."""
        if not self._url:
            return
        try:
            state: Any = json.loads(
                await asyncio.to_thread(over_http(self._url, timeout_s=_ASK_S), "state", _MOST_BYTES)
            )
            signed: str = state["checkpoints"].get(self._origin, "")
            known = checkpoint.parse(note.text_of(signed)).size if signed else 0
        except (ProofError, Unreachable, ValueError, TypeError, KeyError, AttributeError):
            self._say("the witness can't be read")
            return
        async with self._database.transaction() as tx:
            self._judge(known > (await store.head(tx)).size)

    async def round(self) -> None:
        """Have the newest head cosigned, unless it is."""
        if not self._url:
            return
        async with self._database.transaction() as tx:
            newest = await store.newest_checkpoint(tx)
        if newest is None or newest[0].size == self._cosigned:
            return
        head, signed = newest
        for _ in range(2):  # once more when the witness knows another size than we thought
            status, body = await asyncio.to_thread(self._post, await self._request(head.size, signed))
            if status == HTTPStatus.OK:
                return await self._keep(head.size, signed, body)
            if status != HTTPStatus.CONFLICT:
                return self._say(body.strip() or f"HTTP {status}")
            known = decimal.parse(body.strip())
            if known > head.size or known == self._known:
                return self._judge(True)
            self._known = known
        return None

    async def _request(self, size: int, signed: str) -> bytes:
        proof: Sequence[bytes] = ()
        if 0 < self._known <= size:
            proof = (await self._prover.consistency(self._known, size)).proof
        lines = "".join(f"{base64text.encode(one)}\n" for one in proof)
        return f"old {self._known}\n{lines}\n{signed}".encode()

    async def _keep(self, size: int, signed: str, line: str) -> None:
        cosignature.verify(signed + line, self._vkey)
        async with self._database.transaction() as tx:
            await store.save_cosignature(tx, size, note.parse_vkey(self._vkey, note.COSIGNER).name, line)
        self._known = self._cosigned = size
        self._say("")
        self._judge(False)

    def _judge(self, ahead: bool) -> None:
        if ahead and not self.ahead:
            log.error("the witness knows another or a longer log: nothing more is appended", origin=self._origin)
        self.ahead = ahead

    def _say(self, trouble: str) -> None:
        if trouble and trouble != self._said:
            log.error("not witnessed", why=trouble)
        self._said = trouble

    def _post(self, body: bytes) -> tuple[int, str]:
        """The status and text of the witness's answer; 0 when there was none."""
        request = urllib.request.Request(f"{self._url}/add-checkpoint", data=body, method="POST")  # noqa: S310 - over_http checks the address
        try:
            with urllib.request.urlopen(request, timeout=_ASK_S) as response:  # noqa: S310 - the same
                return response.status, response.read(_MOST_BYTES).decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read(_MOST_BYTES).decode("utf-8", "replace")
        except OSError:
            return 0, "the witness can't be reached"
