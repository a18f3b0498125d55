"""A clerk at a desk acts for a party without a phone, and is named in every entry."""

from gateway.journeys.desk.pages import pages as pages
from gateway.journeys.desk.views import router as router
