"""What every test can ask for: a real PostgreSQL, a real Valkey, freshly migrated databases."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog

from standalone import ports
from tests.support.engines import Engines

if TYPE_CHECKING:
    from tests.support.databases import Databases, SchemaDatabase
    from tests.support.running_house import RunningHouse

MakeEnvironment = Callable[[Path], dict[str, str]]

LARGEST_NUMBER_OF_WORKERS = 8
ENGINES = pytest.StashKey[Engines]()
SAID_BY_WORKERS = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    _keep_to_own_ports()
    _tell_faults_briefly()
    config.stash[ENGINES] = Engines(dict(os.environ))
    config.stash[SAID_BY_WORKERS] = []


def _keep_to_own_ports() -> None:
    """Give each worker a range of ports of its own.

    A house that starts an office again finds its port as it left it: no house of another worker took it meanwhile.
    """
    lowest, end = ports.FREE_RANGE
    share = (end - lowest) // LARGEST_NUMBER_OF_WORKERS
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % LARGEST_NUMBER_OF_WORKERS
    ports.FREE_RANGE = (lowest + number * share, lowest + (number + 1) * share)


def _tell_faults_briefly() -> None:
    """Have what is logged with an exception show no local variables, where no process of ours set its log up.

    Structlog's own way shows each with all that it refers to: twenty seconds for a fault inside the gateway.
    """
    *before, _ = structlog.get_config()["processors"]
    brief = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before, brief])


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
def databases(
    postgres: str, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    """Makes databases on the session's PostgreSQL, and drops them at its end unless they go with it."""
    from tests.support.databases import Databases

    made = Databases(postgres, tmp_path_factory.mktemp("secrets"))
    yield made
    if pytestconfig.stash[ENGINES].elsewhere:
        made.drop_all()


@pytest.fixture(scope="session")
def schema_db(databases: Databases) -> Callable[..., SchemaDatabase]:
    """Make a fresh database: `schema_db("blacklist")`, `schema_db("repair", "catalog", sample=True)`."""
    return databases.make


@pytest.fixture(scope="session")
def house_environment(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> MakeEnvironment:
    """Make the environment for one house under test, given its data directory."""
    from tests.support.databases import write_passwords

    engines = pytestconfig.stash[ENGINES]

    def make(data: Path) -> dict[str, str]:
        if not engines.elsewhere:
            return {}
        write_passwords(engines.postgres(), data / "secrets" / "roles")
        empty = request.getfixturevalue("databases").make_empty()
        return {"CHENGXIN_DATABASE_URL": empty.admin_dsn, "CHENGXIN_REDIS_URL": engines.valkey()}

    return make


@pytest.fixture(scope="session")
def running_house(
    house_environment: MakeEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningHouse]:
    """One whole sample house, all its processes running, for the system tests of a session."""
    from tests.support import running_house as whole

    folder = tmp_path_factory.mktemp("house")
    with whole.running_house(folder, house_environment(folder)) as running:
        yield running
