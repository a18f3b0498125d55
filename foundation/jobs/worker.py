"""Does jobs: at once, again with back-off, parked after eight tries and then taken up again from time to time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import structlog
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.jobs import Job
from psycopg.conninfo import make_conninfo

from foundation.jobs.queue import Tasks

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TRIES = 8
FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_DRAIN_S = 2.0
"""How long a stopping worker waits for what it is doing; less than others wait before they take it over."""
_REVIVE_EVERY_S = 1.0
_STALLED_AFTER_S = 3.5
"""Together with the round above: what a killed worker was doing is put back within 5 s."""
PARKED_S = 30.0
"""Seconds between two looks for parked jobs; the first look is at the start."""


class _BackOff(BaseRetryStrategy):
    """Wait `first_wait_s`, then twice as long each time up to 30 s; give up after eight tries."""

    def __init__(self, first_wait_s: float) -> None:
        self._first_wait_s = first_wait_s

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, asyncio.CancelledError):  # the worker stops; the next one does it at once
            return RetryDecision(retry_in={"seconds": 0})
        log.warning("job failed", task=job.task_name, tries=job.attempts + 1, error=type(exception).__name__)
        if job.attempts + 1 >= TRIES:
            log.error("job parked", task=job.task_name, job=job.id)
            return None
        return RetryDecision(retry_in={"seconds": min(_LONGEST_WAIT_S, self._first_wait_s * 2**job.attempts)})


class JobWorker:
    """The worker of one office's schema.

    `first_wait_s` is how long a failed job first waits, `parked_s` how long a parked one at most, both in seconds.
    """

    def __init__(
        self,
        dsn: str,
        schema: str,
        tasks: Tasks,
        *,
        concurrency: int = 8,
        first_wait_s: float = FIRST_WAIT_S,
        parked_s: float = PARKED_S,
    ) -> None:
        conninfo = make_conninfo(dsn, options=f"-c search_path={schema} -c timezone=UTC")
        self._app = App(connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=4))
        self._concurrency = concurrency
        self._parked_s = parked_s
        for name, handler in tasks.items():
            self._app.task(name=name, retry=_BackOff(first_wait_s))(handler)

    async def run(self) -> None:
        """Work until cancelled; then what is not done within 2 s is put back."""
        async with self._app.open_async():
            revive = asyncio.create_task(self._revive())
            try:
                await self._app.run_worker_async(
                    concurrency=self._concurrency,
                    fetch_job_polling_interval=1.0,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    update_heartbeat_interval=1.0,
                    stalled_worker_timeout=_STALLED_AFTER_S,
                    shutdown_graceful_timeout=_DRAIN_S,
                )
            finally:
                revive.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await revive

    async def _revive(self) -> None:
        """Put back jobs whose worker died while doing them, and from time to time those that are parked."""
        jobs, look_at = self._app.job_manager, time.monotonic()
        while True:
            try:
                stalled: Any = await jobs.get_stalled_jobs(seconds_since_heartbeat=_STALLED_AFTER_S)
                for job in stalled:
                    await jobs.retry_job(job)
                if time.monotonic() >= look_at:
                    for job in await jobs.list_jobs_async(status="failed"):
                        log.error("parked job tried again", task=job.task_name, job=job.id)
                        await jobs.retry_job(job)
                    look_at = time.monotonic() + self._parked_s
            except Exception as error:  # the database may be away for a while; the next round tries again
                log.warning("reviving jobs failed", error=type(error).__name__)
            await asyncio.sleep(_REVIVE_EVERY_S)
