"""What everybody may see."""

from gateway.journeys.public.pages import pages
from gateway.journeys.public.views import router

__all__ = ["pages", "router"]
