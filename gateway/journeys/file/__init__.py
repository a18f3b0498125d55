"""Everything about me as a file."""

from gateway.journeys.file.pages import pages as pages
from gateway.journeys.file.views import router as router
