"""What must happen after a commit: put down in a transaction, done at least once."""

from foundation.jobs.queue import Tasks, defer
from foundation.jobs.worker import JobWorker

__all__ = ["JobWorker", "Tasks", "defer"]
