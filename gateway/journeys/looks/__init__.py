"""Who looked at me, with proof."""

from gateway.journeys.looks.views import router

__all__ = ["router"]
