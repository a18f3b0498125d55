"""What the house obeys, as data: statutory numbers, catalog, measures, list schemes, purposes."""

from foundation.policy.entries import (
    CatalogItem,
    Division,
    FieldDefinition,
    LegalBasis,
    Measure,
    ProhibitedFields,
    Purpose,
    Scheme,
)
from foundation.policy.lawbook import LawBook
from foundation.policy.numbers import Policy, PolicyNumber, load_policy
from foundation.policy.publicity import PublicityPeriod, Severity, listing_period, publicity_period

__all__ = [
    "CatalogItem",
    "Division",
    "FieldDefinition",
    "LawBook",
    "LegalBasis",
    "Measure",
    "Policy",
    "PolicyNumber",
    "ProhibitedFields",
    "PublicityPeriod",
    "Purpose",
    "Scheme",
    "Severity",
    "listing_period",
    "load_policy",
    "publicity_period",
]
