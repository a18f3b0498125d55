"""What everybody may see: publicity, catalog, measures, list schemes, the log's checkpoint."""

from gateway.journeys.public.views import router

__all__ = ["router"]
