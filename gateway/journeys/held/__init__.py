"""What is held about me."""

from gateway.journeys.held.pages import pages as pages
from gateway.journeys.held.views import router as router
