"""The repair officer's console."""

from gateway.journeys.duty.pages import pages as pages
from gateway.journeys.duty.views import router as router
