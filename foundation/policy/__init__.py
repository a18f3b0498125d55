"""What the house obeys, as data: statutory numbers, catalog, measures, list schemes, purposes."""

from foundation.policy.entries import CatalogItem as CatalogItem
from foundation.policy.entries import FieldDefinition as FieldDefinition
from foundation.policy.entries import LegalBasis as LegalBasis
from foundation.policy.entries import Measure as Measure
from foundation.policy.entries import Scheme as Scheme
from foundation.policy.lawbook import LawBook as LawBook
from foundation.policy.numbers import Policy as Policy
from foundation.policy.numbers import PolicyNumber as PolicyNumber
from foundation.policy.numbers import load_policy as load_policy
from foundation.policy.publicity import PublicityPeriod as PublicityPeriod
from foundation.policy.publicity import Severity as Severity
from foundation.policy.publicity import listing_period as listing_period
from foundation.policy.publicity import publicity_period as publicity_period
