"""Texts that a step's artefact holds."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import PlainValidator

from foundation.personal import Personal

Text: TypeAlias = Annotated[Personal, PlainValidator(Personal.of)]
"""A personal text that is read back from plain text; only the store writes it as such, before sealing."""
