"""What is held about me."""

from gateway.journeys.held.views import router

__all__ = ["router"]
