"""What keeps a house on one machine from starting, told with what to do about it."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import yaml

from chengxin.cli.output import Failed

_FULL = {errno.ENOSPC, errno.EDQUOT}


class Trouble(Failed):
    """Something is missing, busy or full. `what` says what happened; `remedy` says what the operator can do."""

    def __init__(self, what: str, *, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what

    @classmethod
    def of(cls, code: str, **about: object) -> Trouble:
        """The trouble whose words stand in trouble.yaml under `code`, told of what it is `about`."""
        words = _words()[code]
        return cls(words["what"].format_map(about), remedy=words["remedy"].format_map(about))


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
    except Exception as error:
        if not any(isinstance(one, psycopg.errors.DiskFull) for one in (error, error.__cause__)):
            raise
        raise disk_full(path) from error


def trouble_with(path: Path, error: OSError) -> Trouble:
    """What an operating system error about files under `path` means to the operator."""
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return Trouble.of("NOT_WRITABLE", path=path, why=error.strerror)
    if error.errno in _FULL:
        return disk_full(path)
    if error.errno in {errno.ENOTDIR, errno.EEXIST}:
        return Trouble.of("FILE_IN_THE_WAY", path=path)
    return Trouble.of("FOLDER_UNUSABLE", path=path, why=error.strerror or type(error).__name__)


def disk_full(path: Path) -> Trouble:
    """The file system that holds `path` has no room left."""
    return Trouble.of("DISK_FULL", path=path)


@cache
def _words() -> dict[str, dict[str, str]]:
    return yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
