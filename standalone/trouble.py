"""What keeps a house on one machine from starting, told with what to do about it."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy.exc import DBAPIError

_FULL = {errno.ENOSPC, errno.EDQUOT}


class Trouble(Exception):
    """Something is missing, busy or full. `what` says what happened; `remedy` says what the operator can do."""

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


@contextmanager
def explained(path: Path) -> Generator[None]:
    """Turn an operating system error about files under `path` into Trouble with its remedy."""
    try:
        yield
    except OSError as error:
        raise trouble_with(path, error) from error


@contextmanager
def full_disk_explained(path: Path) -> Generator[None]:
    """Turn "no space left", from the operating system or from PostgreSQL, into Trouble with its remedy."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise disk_full(path) from error
    except (psycopg.errors.DiskFull, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, psycopg.errors.DiskFull):
            raise
        raise disk_full(path) from error


def trouble_with(path: Path, error: OSError) -> Trouble:
    """What an operating system error about files under `path` means to the operator."""
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return Trouble(
            f"{path} is not writable for this account ({error.strerror}).",
            remedy="Choose another folder with --data DIR, or give this account the right to write there.",
        )
    if error.errno in _FULL:
        return disk_full(path)
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return Trouble(
            f"{path} can't be a data directory: a file is in the way.", remedy="Choose another folder with --data DIR."
        )
    return Trouble(
        f"{path} can't be used: {error.strerror or type(error).__name__}.",
        remedy="Check the file system, or choose another folder with --data DIR.",
    )


def disk_full(path: Path) -> Trouble:
    """The file system that holds `path` has no room left."""
    return Trouble(
        f"The disk that holds {path} is full.",
        remedy="Free some space (a small house needs about 1 GB), or choose another disk with --data DIR; "
        "what was committed is safe, and the next start goes on from there.",
    )
