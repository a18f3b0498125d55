"""What everybody may see, as JSON."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from gateway.messages import Day, Severity

_DOCUMENT_KIND = "DOCUMENT_KIND_"

DocumentKinds = Annotated[
    list[str], BeforeValidator(lambda names: [str(name).removeprefix(_DOCUMENT_KIND).lower() for name in names])
]


class PublicRecord(BaseModel):
    """A record as the law publishes it; natural persons are masked by the catalog."""

    item_code: str = Field(description="Catalog item")
    item_title: str = Field(description="Title of the item in Chinese")
    name: str = Field(description="Name, masked for a natural person")
    identifier: str = Field(description="Identifier, masked for a natural person")
    document_number: str = Field(description="Number of the document")
    determining_authority: str = Field(description="USCC of the determining authority")
    determined_on: Day = Field(description="Day of determination")
    ends_before: Day = Field(description="Day before which it is shown; null when open")


class PublicRecords(BaseModel):
    """A page of public records."""

    records: list[PublicRecord] = Field(description="The records")
    next_page_token: str = Field(description="Token of the next page; empty at the end")


class LegalBasis(BaseModel):
    """An instrument of law that something rests on."""

    instrument_kind: str = Field(
        description="law, administrative_regulation, local_regulation, central_policy or department_rule"
    )
    title: str = Field(description="Title of the instrument in Chinese")
    article: str = Field(description="Article")
    confirmed: bool = Field(description="True when somebody has compared it with the text")


class FieldDefinition(BaseModel):
    """One field that records under an item may hold."""

    name: str = Field(description="Name")
    title: str = Field(description="Title in Chinese")
    kind: str = Field(description="Kind of value: text, date, amount or code")
    sensitivity: str = Field(description="public, ordinary or personal")
    required: bool = Field(description="True when a record must have it")
    why: str = Field(description="Why the item needs it")


class CatalogItem(BaseModel):
    """One item of the public credit information catalog. Source: 54号 clause 1."""

    code: str = Field(description="Code")
    title: str = Field(description="Title in Chinese")
    title_en: str = Field(description="Title in English")
    level: str = Field(description="national, province or municipality")
    division: str = Field(description="Division code of a local item (GB/T 2260)")
    bases: list[LegalBasis] = Field(description="What it rests on")
    conduct: str = Field(description="The conduct or fact it covers")
    subject_types: list[str] = Field(description="enterprise, person")
    document_kinds: DocumentKinds = Field(description="Kinds of document a record may rest on")
    fields: list[FieldDefinition] = Field(description="Fields that records may hold; any other is refused")
    public: bool = Field(description="Whether records are shown to the public")
    public_persons: bool = Field(description="Whether records of natural persons are shown to the public")
    sharing: str = Field(description="Sharing scope: authorities, or none")
    update_frequency: str = Field(description="How often providers update it")
    negative: bool = Field(description="True when records are negative findings")
    unrepairable: bool = Field(description="True when a law excludes repair")
    in_force_from: Day = Field(description="First day in force")
    in_force_until: Day = Field(description="Day before which it is in force; null when open")


class Catalog(BaseModel):
    """The catalog items in force, by code."""

    items: list[CatalogItem] = Field(description="The items")


class Measure(BaseModel):
    """A disciplinary measure. Source: 54号 clauses 9 and 10."""

    code: str = Field(description="Code")
    title: str = Field(description="Title in Chinese")
    title_en: str = Field(description="Title in English")
    least_severity: Severity
    areas: list[str] = Field(description="List areas in which it may be cited")
    subject_types: list[str] = Field(description="enterprise, person")
    bases: list[LegalBasis] = Field(description="What it rests on")


class Measures(BaseModel):
    """The measures in force, by code."""

    measures: list[Measure] = Field(description="The measures")


class Criterion(BaseModel):
    """One criterion of a listing standard."""

    code: str = Field(description="Code within the scheme")
    text: str = Field(description="Text in Chinese")


class Scheme(BaseModel):
    """A list scheme. Source: 54号 clauses 6 and 7."""

    code: str = Field(description="Code")
    title: str = Field(description="Title in Chinese")
    title_en: str = Field(description="Title in English")
    area: str = Field(description="Area")
    violation_kind: str = Field(description="One of the four kinds of serious violation")
    instrument: str = Field(description="Instrument that sets the area up")
    article: str = Field(description="Article")
    confirmed: bool = Field(description="True when compared with the text")
    criteria: list[Criterion] = Field(description="The standard")
    removal_conditions: str = Field(description="Conditions of removal")
    removal_procedure: str = Field(description="Procedure of removal")
    remedies: str = Field(description="Remedies of the party")
    item_code: str = Field(description="Item under which a listing is shared")


class Schemes(BaseModel):
    """The schemes in force, by code."""

    schemes: list[Scheme] = Field(description="The schemes")


class Checkpoint(BaseModel):
    """The newest signed checkpoint of the log."""

    checkpoint: str = Field(description="Signed note (c2sp.org/tlog-checkpoint)")
    vkey: str = Field(description="Verifier key (c2sp.org/signed-note)")
