"""The auditor's console."""

from gateway.journeys.audit.pages import pages
from gateway.journeys.audit.views import router

__all__ = ["pages", "router"]
