"""Who looked, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

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


class InclusionProof(BaseModel):
    """Proves that a leaf is in the log of a checkpoint, as a line that `chengxin audit verify` reads.

    Byte strings are base64. Source: RFC 6962.
    """

    kind: Literal["inclusion"] = Field(default="inclusion", description="What it proves")
    leaf_hash: str = Field(description="Leaf hash, 32 bytes")
    leaf_index: int = Field(description="Index")
    tree_size: int = Field(description="Size of the log")
    root: str = Field(description="Root, 32 bytes")
    proof: list[str] = Field(description="Hashes from the leaf up")


class AccessProof(BaseModel):
    """The proof that a look is in the log, to keep and verify offline with `chengxin audit verify`."""

    receipt: str | None = Field(default=None, description="tlog-proof text (c2sp.org/tlog-proof)")
    entry: str | None = Field(default=None, description="The entry as deterministic CBOR, base64")
    inclusion: InclusionProof | None = Field(
        default=None,
        description="The bare inclusion proof, where the office gives the receipt to its receiver alone",
    )
