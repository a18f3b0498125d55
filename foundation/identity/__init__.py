"""Who a party is: checked identifiers, names for search, and masks for publicity."""

from foundation.identity.identifier import CANON_VERSION as CANON_VERSION
from foundation.identity.identifier import Identifier as Identifier
from foundation.identity.identifier import IdentifierKind as IdentifierKind
from foundation.identity.identifier import birth_date as birth_date
from foundation.identity.identifier import canonicalise as canonicalise
from foundation.identity.identifier import is_under_age as is_under_age
from foundation.identity.identifier import prefix_of as prefix_of
from foundation.identity.identifier import resident_check_digit as resident_check_digit
from foundation.identity.identifier import uscc_check_character as uscc_check_character
from foundation.identity.identifier import warnings as warnings
from foundation.identity.names import fold_name as fold_name
from foundation.identity.names import mask_identifier as mask_identifier
from foundation.identity.names import mask_name as mask_name
