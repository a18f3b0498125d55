"""Names of the authorities, as the operator gives them: records and entries name an authority by its code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class Authority(BaseModel):
    """An authority that pages call by its name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(pattern="^[0-9A-Z]{18}$", description="USCC of the authority")
    zh: str = Field(min_length=1, max_length=200, description="Name in Chinese, as in its official documents")
    en: str = Field("", max_length=200, description="Name in English, where it has one")


def authorities(file: Path | None) -> Mapping[str, Authority]:
    """The authorities of `file`, a JSON list of them, by code; none without a file. Raises ValueError for another."""
    known = TypeAdapter(list[Authority]).validate_json(file.read_bytes()) if file is not None else []
    return {one.code: one for one in known}
