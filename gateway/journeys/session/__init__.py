"""Signing in and out, and the start page of who is signed in."""

from gateway.journeys.session.pages import pages as pages
from gateway.journeys.session.views import router as router
