"""What is held about me."""

from gateway.journeys.held.pages import pages
from gateway.journeys.held.views import router

__all__ = ["pages", "router"]
