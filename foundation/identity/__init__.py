"""Who a party is: checked identifiers, names for search, and masks for publicity."""

from foundation.identity.identifier import (
    CANON_VERSION,
    Identifier,
    IdentifierKind,
    birth_date,
    canonicalise,
    division_of,
    is_under_age,
    prefix_of,
    resident_check_digit,
    uscc_check_character,
    warnings,
)
from foundation.identity.names import fold_name, mask_identifier, mask_name

__all__ = [
    "CANON_VERSION",
    "Identifier",
    "IdentifierKind",
    "birth_date",
    "canonicalise",
    "division_of",
    "fold_name",
    "is_under_age",
    "mask_identifier",
    "mask_name",
    "prefix_of",
    "resident_check_digit",
    "uscc_check_character",
    "warnings",
]
