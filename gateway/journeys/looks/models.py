"""Who looked, as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from gateway.messages import Receipt


class Access(BaseModel):
    """One look at the signed-in party, answered or refused."""

    source: str = Field(description="The journal that holds it: catalog, blacklist, repair or audit")
    entry_id: int = Field(description="Entry id in that journal")
    at: datetime = Field(description="When (house clock)")
    kind: str = Field(description="What was called, as Service.Method")
    authority: str = Field(description="The asking authority's USCC")
    purpose: str = Field(description="Code of the purpose")
    matter: str = Field(description="Number of the matter; only where the party may see it")
    officer: str = Field(description="The official as declared; only where the party may see it")
    decision: str = Field(description="answered or refused")
    reason: str = Field(description="Reason of a refusal; empty when answered")
    item_codes: list[str] = Field(description="Catalog items shown")
    log_index: int = Field(description="Index in the log; -1 while not yet sequenced")


class Accesses(BaseModel):
    """The looks, newest first, at most 1,000."""

    accesses: list[Access] = Field(description="The looks")
    receipt: Receipt = Field(description="Names the journal entry of this look")


class AccessProof(BaseModel):
    """The proof that a look is in the log, to keep and verify offline with `chengxin audit verify --receipt`."""

    receipt: str = Field(description="tlog-proof text (c2sp.org/tlog-proof)")
    entry: str = Field(description="The entry as deterministic CBOR, base64")
