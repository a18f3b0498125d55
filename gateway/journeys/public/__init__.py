"""What everybody may see."""

from gateway.journeys.public.pages import pages as pages
from gateway.journeys.public.views import router as router
