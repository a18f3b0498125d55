"""The sample parties that one can be: as the sample house's file lists them, or as typed."""

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


_LIST = TypeAdapter(list[SampleParty])


def sample_parties(file: Path | None) -> list[SampleParty]:
    """Return the parties of `file`, a JSON list of them; none without a file."""
    return _LIST.validate_json(file.read_bytes()) if file is not None else []
