"""Having a record repaired: eligibility, application, evidence, following it."""

from gateway.journeys.repair.views import router

__all__ = ["router"]
