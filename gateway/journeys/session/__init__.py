"""Signing in and out."""

from gateway.journeys.session.views import router

__all__ = ["router"]
