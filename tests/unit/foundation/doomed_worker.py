"""A worker in a process of its own that takes up every job and never ends one, so that a test can kill it."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from foundation.jobs import JobWorker


async def note(what: str) -> None:
    """Say that the job was taken up, and hang."""
    await asyncio.to_thread(Path(sys.argv[2]).write_text, what)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(JobWorker(sys.argv[1], "repair", {"note": note}).run())
