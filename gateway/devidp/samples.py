"""The sample parties and officials that one can be: as the sample house's file lists them, or as typed."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, TypeAdapter


class SampleParty(BaseModel):
    """A party as the development identity provider asserts it."""

    name: str = Field(min_length=1, max_length=200, description="Name")
    identifier_kind: Literal["uscc", "resident_id", "residence_permit", "passport"] = Field(
        description="Kind of the identifier"
    )
    identifier: str = Field(min_length=1, max_length=40, description="The identifier")


class SampleOfficial(BaseModel):
    """An official as the development identity provider asserts him; two officials are two of `sub`."""

    name: str = Field("", max_length=200, description="Name to greet with")
    sub: str = Field(min_length=1, max_length=64, description="The official in the directory")
    authority: str = Field(pattern="^[0-9A-Z]{18}$", description="USCC of the authority")
    roles: list[str] = Field(min_length=1, description="Roles as the directory has them")


_LIST = TypeAdapter(list[SampleParty])
_OFFICIALS = TypeAdapter(list[SampleOfficial])


def sample_parties(file: Path | None) -> list[SampleParty]:
    """Return the parties of `file`, a JSON list of them; none without a file."""
    return _LIST.validate_json(file.read_bytes()) if file is not None else []


def sample_officials(file: Path | None) -> list[SampleOfficial]:
    """Return the officials of `file`, as `sample_parties` does."""
    return _OFFICIALS.validate_json(file.read_bytes()) if file is not None else []
