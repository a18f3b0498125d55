"""Who calls: systems by certificate, natural persons by assertion."""

from foundation.access.assertions import Issuers, issue_assertion
from foundation.access.callers import CLERK, Caller, Officer, Person, fingerprint_of, named_in, own_caller, spiffe_id

__all__ = [
    "CLERK",
    "Caller",
    "Issuers",
    "Officer",
    "Person",
    "fingerprint_of",
    "issue_assertion",
    "named_in",
    "own_caller",
    "spiffe_id",
]
