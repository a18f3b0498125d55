"""StatisticsService, as each office serves it: its own figures by month, none that singles anybody out.

The office's schema has a function `statistics()` that gives (month, name, value, behind): the figure, and how many
cases stand behind it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chengxin.common.v1 import statistics_pb2 as pb
from chengxin.common.v1 import statistics_pb2_grpc
from foundation.db import Database

FEWEST = 5
"""Cases that must stand behind a figure other than none."""
_KEPT = timedelta(minutes=10)


class StatisticsServicer(statistics_pb2_grpc.StatisticsServiceServicer):
    """Counts at most once in ten minutes: anybody may ask, and counting reads much."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._counted: tuple[datetime, pb.GetStatisticsResponse] | None = None

    async def GetStatistics(self, request: pb.GetStatisticsRequest, context: Any) -> pb.GetStatisticsResponse:
        """Give the figures."""
        async with self._database.transaction() as tx:
            if self._counted is not None and abs(tx.now - self._counted[0]) < _KEPT:
                return self._counted[1]
            rows = await tx.all("SELECT month, name, value, behind FROM statistics() ORDER BY month DESC, name")
            self._counted = tx.now, pb.GetStatisticsResponse(figures=[_figure(**row._asdict()) for row in rows])
            return self._counted[1]


def _figure(*, month: str, name: str, value: int, behind: int) -> pb.Figure:
    few = 0 < behind < FEWEST
    return pb.Figure(month=month, name=name, value=0 if few else value, fewer_than_five=few)
