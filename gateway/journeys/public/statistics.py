"""What the offices count: as tables, a plot and open data. The offices withhold what would single somebody out."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import Response

from chengxin.common.v1.statistics_pb2 import GetStatisticsRequest, GetStatisticsResponse
from gateway.counter import Counter, TheCounter
from gateway.journeys.public.entity_tags import kept
from gateway.journeys.public.open_data import table
from gateway.pages import ThePage
from gateway.routers import page_router

pages = page_router("/public/statistics")
PLOTTED = ("applications_submitted", "applications_granted")
COUNTING = ("catalog", "blacklist", "repair")
_MONTHS = 12


async def figures(counter: Counter) -> GetStatisticsResponse:
    """The figures of all offices, newest month first."""
    answers = [await counter.offices.ask(GetStatisticsRequest(), office=office) for office in COUNTING]
    found = [figure for answer in answers for figure in answer.figures]
    found.sort(key=lambda figure: (figure.month, figure.name), reverse=True)
    return GetStatisticsResponse(figures=found)


@pages.get("")
async def statistics(request: Request, page: ThePage, counter: TheCounter) -> Response:
    """Tables by office and month."""
    found = (await figures(counter)).figures
    by_month: dict[str, dict[str, Any]] = {}
    for figure in found:
        by_month.setdefault(figure.month, {})[figure.name] = figure
    return kept(request, page.show("public/statistics.html", months=by_month, names={one.name for one in found}))


@pages.get(".svg")
async def plot(request: Request, page: ThePage, counter: TheCounter) -> Response:
    """The plot; a page shows it as an image, beside the table that says the same."""
    found = [figure for figure in (await figures(counter)).figures if figure.name in PLOTTED]
    months = sorted({figure.month for figure in found})[-_MONTHS:]
    values = {(figure.month, figure.name): figure for figure in found}
    top = max((figure.value for figure in found), default=0) or 1
    drawn = page.show("public/plot.html", months=months, values=values, names=PLOTTED, top=top)
    return kept(request, Response(drawn.body, media_type="image/svg+xml"))


@pages.get(".csv")
async def as_file(request: Request, counter: TheCounter) -> Response:
    """All figures as a table; a withheld one is <5."""
    found = (await figures(counter)).figures
    rows = [[one.month, one.name, "<5" if one.fewer_than_five else str(one.value)] for one in found]
    return kept(request, table("statistics", ["month", "name", "value"], rows))
