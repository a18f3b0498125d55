"""Everything about me as a file."""

from gateway.journeys.file.pages import pages
from gateway.journeys.file.views import router

__all__ = ["pages", "router"]
