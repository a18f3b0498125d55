"""Who calls: systems by certificate, natural persons by assertion."""

from foundation.access.assertions import Issuers as Issuers
from foundation.access.assertions import issue_assertion as issue_assertion
from foundation.access.callers import CLERK as CLERK
from foundation.access.callers import Caller as Caller
from foundation.access.callers import Officer as Officer
from foundation.access.callers import Person as Person
from foundation.access.callers import fingerprint_of as fingerprint_of
from foundation.access.callers import own_caller as own_caller
from foundation.access.callers import spiffe_id as spiffe_id
