"""The auditor's console."""

from gateway.journeys.audit.pages import pages as pages
from gateway.journeys.audit.views import router as router
