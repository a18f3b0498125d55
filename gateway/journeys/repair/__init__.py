"""Having a record repaired: eligibility, application, evidence, following it."""

from fastapi import APIRouter

from gateway.journeys.repair import applying, following
from gateway.journeys.repair.views import router as router

pages = APIRouter()
pages.include_router(applying.pages)
pages.include_router(following.pages)
