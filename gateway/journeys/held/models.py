"""What is held about a party, as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from gateway.messages import Day, Receipt, Severity, word

EndReason = Annotated[
    str,
    word("END_REASON_"),
    Field(
        description="Why sharing ended; unspecified while it is shared",
        json_schema_extra={
            "enum": [
                "unspecified",
                "repaired",
                "expired",
                "objection_upheld",
                "document_revoked",
                "repealed",
                "listing_closed",
            ]
        },
    ),
]


class FieldValue(BaseModel):
    """One named field of a record."""

    name: str = Field(description="Field name as the catalog item defines it")
    value: str = Field(description="Its text")


class Record(BaseModel):
    """A record about the signed-in party, without its fields."""

    record_id: str = Field(description="Id")
    item_code: str = Field(description="Catalog item")
    item_title: str = Field(description="Title of the item in Chinese")
    provider: str = Field(description="USCC of the authority that handed it in")
    determining_authority: str = Field(description="USCC of the authority that determined and repairs it")
    severity: Severity
    determined_on: Day = Field(description="Day of determination")
    earliest_repair_on: Day = Field(description="Earliest day of repair")
    ends_before: Day = Field(description="Day before which it is shared; null when open")
    ended_at: datetime | None = Field(default=None, description="When sharing ended; null while it is shared")
    end_reason: EndReason
    version: int = Field(description="Version")
    unrepairable: bool = Field(description="True when a law excludes repair")


class HeldRecord(BaseModel):
    """A record with its fields while it is shared; without them afterwards."""

    record: Record = Field(description="The record")
    fields: list[FieldValue] = Field(description="Its fields")


class OwnRecords(BaseModel):
    """What is held about the signed-in party: in force and ended."""

    records: list[HeldRecord] = Field(description="The records")
    receipt: Receipt = Field(description="Names the journal entry of this look")


class Receiver(BaseModel):
    """An authority that had received a withdrawn record."""

    authority: str = Field(description="Its USCC")
    acknowledged_at: datetime | None = Field(
        default=None, description="When it acknowledged deletion; null while it has not"
    )


class WithdrawalCertificate(BaseModel):
    """The signed proof that sharing of a record has ended."""

    text: str = Field(description="The certificate with its signature line")
    receivers: list[Receiver] = Field(description="Every receiver and whether it acknowledged")
    receipt: Receipt = Field(description="Names the journal entry of this look")
