"""Who a party is: checked identifiers, names for search, masks for publicity, and texts that don't print."""

from foundation.identity.identifier import (
    CANON_VERSION,
    Identifier,
    IdentifierKind,
    birth_date,
    canonicalise,
    division_of,
    is_under_age,
    resident_check_digit,
    uscc_check_character,
    warnings,
)
from foundation.identity.names import fold_name, mask_identifier, mask_name
from foundation.identity.secret import Secret

__all__ = [
    "CANON_VERSION",
    "Identifier",
    "IdentifierKind",
    "Secret",
    "birth_date",
    "canonicalise",
    "division_of",
    "fold_name",
    "is_under_age",
    "mask_identifier",
    "mask_name",
    "resident_check_digit",
    "uscc_check_character",
    "warnings",
]
