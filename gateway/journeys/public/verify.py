"""Whether a certificate, a decision or a receipt is genuine: judged by chengxin.proofs, as `chengxin audit verify` does.

Nothing is kept, and nothing is told that the text does not hold itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Literal

from fastapi import Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from chengxin.audit.v1.audit_pb2 import GetCheckpointRequest
from chengxin.proofs import ProofError, entry, note, receipt, verify_certificate, verify_receipt
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from gateway.counter import Counter, TheCounter
from gateway.pages import ThePage
from gateway.qr import PAGE, code_of
from gateway.reasons import BODY_TOO_LARGE
from gateway.routers import page_router

LONGEST = 64 * 1024
"""Characters of what is pasted, bytes of what is uploaded."""
_SHOWN = ("at", "source", "kind", "authority", "purpose", "decision", "entry_id")

pages = page_router(PAGE)


class Pasted(BaseModel):
    """What is to be judged."""

    text: str = Field(min_length=1, max_length=LONGEST, description="The whole text with its signature lines")


class Verdict(BaseModel):
    """Whether it is genuine. What it says is given only where it is."""

    kind: Literal["receipt", "certificate", "decision", "unknown"] = Field(description="What it is")
    outcome: Literal["genuine", "not_genuine", "cannot_tell"] = Field(description="The verdict")
    because: str = Field(description="Why, in English, without anything of the text")
    text: str = Field(default="", description="The text that is signed, of a certificate or decision")
    entry: dict[str, str] = Field(default_factory=dict, description="The entry that is in the log, of a receipt")


def judge(text: str, signers: Mapping[str, str]) -> Verdict:
    """Judge a text by the verifier keys of this house: `log`, `catalog`, `blacklist`; a key may be missing."""
    text = text.replace("\r\n", "\n").strip() + "\n"
    head, _, signed = text.partition("\n\n")
    proof = head.startswith(receipt.MAGIC)
    try:
        names = {(name, key_id) for name, key_id, _ in note.take_apart(signed if proof else text)[1]}
    except ProofError as error:
        return Verdict(kind="receipt" if proof else "unknown", outcome="cannot_tell", because=str(error))
    for office in ("log",) if proof else ("catalog", "blacklist"):
        if not (vkey := signers.get(office)):
            continue
        ours = note.parse_vkey(vkey)
        if (ours.name, ours.key_id) in names:
            return _judged(text, office, vkey)
    return Verdict(
        kind="receipt" if proof else "unknown", outcome="cannot_tell", because="no key of this system signed it"
    )


def _judged(text: str, office: str, vkey: str) -> Verdict:
    kinds: dict[str, Any] = {"log": "receipt", "catalog": "certificate", "blacklist": "decision"}
    verdict = Verdict(kind=kinds[office], outcome="genuine", because="the signature verifies")
    try:
        if office == "log":
            said = asdict(entry.decode(verify_receipt(text, vkey).entry))
            return verdict.model_copy(update={"entry": {name: str(said[name]) for name in _SHOWN if said[name]}})
        if office == "catalog":
            verify_certificate(text, vkey)
        return verdict.model_copy(update={"text": note.verify(text, [vkey]).text})
    except ProofError as error:
        return Verdict(kind=kinds[office], outcome="not_genuine", because=str(error))


async def signers_of(counter: Counter) -> dict[str, str]:
    """The verifier keys of this house, by who signs with them."""
    log = await counter.offices.ask(GetCheckpointRequest())
    return {**counter.signers, "log": log.vkey}


@pages.get("")
async def form(page: ThePage) -> HTMLResponse:
    """Where it is pasted or uploaded."""
    return page.show("public/verify.html", verdict=None, error="", text="")


@pages.post("")
async def judged(request: Request, page: ThePage, counter: TheCounter) -> HTMLResponse:
    """The verdict. Needs no session, and changes nothing."""
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > 5 * LONGEST:  # a pasted text may be escaped threefold
        raise Refused(BODY_TOO_LARGE)
    try:
        sent = await request.form(max_files=1, max_fields=5, max_part_size=3 * LONGEST)
    except HTTPException:
        raise Refused(VALUE_INVALID) from None
    text, file = str(sent.get("text", "")), sent.get("file")
    if isinstance(file, UploadFile) and file.filename:
        content = await file.read(LONGEST + 1)
        if len(content) > LONGEST:
            return page.show("public/verify.html", status=413, verdict=None, error="too_long", text=text)
        text = content.decode("utf-8", "replace")
    if not text.strip() or len(text) > LONGEST:
        error = "too_long" if text.strip() else "empty"
        return page.show("public/verify.html", status=400, verdict=None, error=error, text=text[:LONGEST])
    verdict = judge(text, await signers_of(counter))
    code = code_of(text.replace("\r\n", "\n"), counter.public_url) if verdict.outcome == "genuine" else None
    return page.show("public/verify.html", verdict=verdict, error="", text=text, code=code)
