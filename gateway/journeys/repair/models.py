"""Credit repair as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gateway.messages import Day, Receipt, Refusal, word

ApplicationState = Annotated[
    str,
    word("APPLICATION_STATE_"),
    Field(
        description="Where the application stands",
        json_schema_extra={
            "enum": ["submitted", "accepted", "not_accepted", "granted", "carried_out", "refused", "withdrawn"]
        },
    ),
]


class Eligibility(BaseModel):
    """Whether and when the party may apply for the repair of a record."""

    eligible: bool = Field(description="True when the party may apply today")
    earliest_on: Day = Field(description="First day on which it may; null when never")
    reasons: list[Refusal] = Field(description="Why not, or what will be asked for")
    requirements: list[str] = Field(description="What an application needs")
    determining_authority: str = Field(description="USCC of the authority that decides")
    ends_before: Day = Field(description="Day before which sharing ends without any application")
    receipt: Receipt = Field(description="Names the journal entry of this look")


class NewApplication(BaseModel):
    """An application for repair. It is free of charge."""

    model_config = ConfigDict(extra="forbid")

    record_id: str = Field(max_length=64, description="Id of the record")
    correction: str = Field(
        min_length=1, max_length=4000, description="How it was corrected and the duties were performed"
    )
    commitment: bool = Field(description="True: the party makes the public credit commitment (信用承诺)")


class Application(BaseModel):
    """An application for repair."""

    application_id: str = Field(description="Id, also the reference number")
    record_id: str = Field(description="The record")
    state: ApplicationState
    determining_authority: str = Field(description="USCC of the authority that decides")
    submitted_at: datetime | None = Field(default=None, description="When it was handed in")
    due_on: Day = Field(description="Last day of the next statutory deadline; null when nothing is due")
    overdue: bool = Field(description="True when the due day is past")
    due_provisional: bool = Field(
        description="True when that day lies in a year without a State Council notice of holidays"
    )
    missing: list[str] = Field(description="What was missing, all named at once")
    reasons: str = Field(description="Reasons of the decision")
    decided_at: datetime | None = Field(default=None, description="When it was decided")
    carried_out_at: datetime | None = Field(
        default=None, description="When the catalog acknowledged the end of sharing"
    )
    evidence_count: int = Field(description="Number of pieces of evidence")
    correction: str = Field(description="The party's account of the correction")


class OneApplication(BaseModel):
    """An application as it stands now."""

    application: Application = Field(description="The application")
    receipt: Receipt | None = Field(default=None, description="Names the journal entry of this look")


class Applications(BaseModel):
    """The party's applications, next deadline first, at most 500."""

    applications: list[Application] = Field(description="The applications")
    receipt: Receipt = Field(description="Names the journal entry of this look")


class StoredEvidence(BaseModel):
    """A piece of evidence as it was stored."""

    evidence_id: str = Field(description="Id of the evidence")
    sha256: str = Field(description="SHA-256 of the content, base64")
    size: int = Field(description="Size in bytes")
