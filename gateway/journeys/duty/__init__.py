"""The repair officer's console."""

from gateway.journeys.duty.pages import pages
from gateway.journeys.duty.views import router

__all__ = ["pages", "router"]
