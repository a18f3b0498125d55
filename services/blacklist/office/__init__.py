"""The use cases of the list office. One public method is one transaction, its journal entry included.

The calling system is the list authority's, and each step names one of its officials. What is another authority's
is refused exactly as what does not exist.
"""

from services.blacklist.office.decisions import DecisionOffice
from services.blacklist.office.desk import Desk, View
from services.blacklist.office.investigation import InvestigationOffice
from services.blacklist.office.listings import ListingOffice
from services.blacklist.office.reading import ReadingOffice

__all__ = ["DecisionOffice", "Desk", "InvestigationOffice", "ListingOffice", "ReadingOffice", "View"]
