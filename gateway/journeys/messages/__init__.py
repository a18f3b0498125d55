"""What happened to me, and what I can do about it, newest first."""

from gateway.journeys.messages.pages import pages as pages
from gateway.journeys.messages.views import router as router
