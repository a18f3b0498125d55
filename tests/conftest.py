"""What every test can ask for: a real PostgreSQL, a real Valkey, freshly migrated databases."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.engines import Engines

if TYPE_CHECKING:
    from tests.support.databases import SchemaDatabase

ENGINES = pytest.StashKey[Engines]()
SAID_BY_WORKERS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ENGINES] = Engines(dict(os.environ))
    config.stash[SAID_BY_WORKERS] = []


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[ENGINES].stop()


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["engines"] = session.config.stash[ENGINES].describe()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    said = getattr(node, "workeroutput", {}).get("engines")
    if said:
        node.config.stash[SAID_BY_WORKERS].append(said)  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    said = config.stash[SAID_BY_WORKERS] or [config.stash[ENGINES].describe()]
    terminalreporter.write_line(f"engines: {'; '.join(dict.fromkeys(said))}")


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> str:
    """The admin connection string of a real PostgreSQL."""
    return pytestconfig.stash[ENGINES].postgres()


@pytest.fixture(scope="session")
def valkey(pytestconfig: pytest.Config) -> str:
    """The URL of a real Valkey."""
    return pytestconfig.stash[ENGINES].valkey()


@pytest.fixture(scope="session")
def schema_db(
    postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., SchemaDatabase]]:
    """Make a fresh database: `schema_db("blacklist")`, `schema_db("repair", "catalog", sample=True)`."""
    from tests.support.databases import Databases

    databases = Databases(postgres, tmp_path_factory.mktemp("secrets"))
    yield databases.make
    databases.drop_all()
