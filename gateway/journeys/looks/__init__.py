"""Who looked at me, with proof; reports of misuse."""

from gateway.journeys.looks.pages import pages as pages
from gateway.journeys.looks.views import router as router
