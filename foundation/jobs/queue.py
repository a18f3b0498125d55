"""Putting jobs down, and naming the handlers that do them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from foundation.db import Transaction

Tasks: TypeAlias = Mapping[str, Callable[..., Awaitable[None]]]
"""The handlers `async def handler(**args)` of one office by the names that jobs are put down with.

Handlers are idempotent: a job may be done more than once.
"""


async def defer(tx: Transaction, name: str, *, queue: str = "default", lock: str | None = None, **args: Any) -> None:
    """Put a job down in `tx`: it exists exactly when `tx` commits, and the worker wakes at once.

    Jobs with the same `lock` are done one after another in order. Arguments are JSON values, never personal ones.
    """
    await tx.run(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW(cast(:queue AS varchar), cast(:name AS varchar), 0,"
        " cast(:lock AS text), NULL, cast(:args AS jsonb), NULL)::procrastinate_job_to_defer_v1])",
        queue=queue,
        name=name,
        lock=lock,
        args=json.dumps(args),
    )
