"""One house on one machine: made where there is none, started, watched, stopped in order."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from standalone.datadir import LAYOUT, Character, DataDir
from standalone.engines import Engines, without_user
from standalone.enrol import Register
from standalone.ports import GATEWAY, OFFICES, WITNESS, Ports
from standalone.sample import OPERATOR, write_sample_authorities, write_sample_officials, write_sample_parties
from standalone.supervision import Child
from standalone.trouble import Trouble, full_disk_explained
from standalone.wiring import certify, doors, enrol_processes, openbao, processes, provide_keys

if TYPE_CHECKING:
    from standalone.openbao.server import OpenBaoServer

TEND_EVERY = 0.25
"""Seconds between two looks at the processes."""
STAFF_ISSUERS = "CHENGXIN_ISSUERS"
PRODUCTION = "CHENGXIN_PRODUCTION"
SIGN_IN = tuple(f"CHENGXIN_OIDC_{name}" for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "ACR"))
PASSED_ON = (
    PRODUCTION,
    "CHENGXIN_OIDC_",
    "CHENGXIN_STAFF_",
    "CHENGXIN_RATE_",
    "CHENGXIN_LIMIT_",
    "CHENGXIN_LOG_LEVEL",
    "CHENGXIN_PUBLIC_URL",
)
"""Settings of the starting environment that go on to the processes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator asks for. None: what the house is already, or the default for a new one."""

    folder: Path
    ports: Ports
    sample: bool | None = None
    authority: str | None = None
    keys: str | None = None
    """Who keeps the outermost keys: file or openbao."""


class House:
    """A house while it runs. `start`, then `tend` until told to stop, then `stop`."""

    def __init__(self, wish: Wish, *, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._wish = wish
        self._environment = environment
        self._say = say
        self._stopping = threading.Event()
        self._running = ExitStack()
        self._children: list[Child] = []
        self._openbao: OpenBaoServer | None = None
        self.data = DataDir(wish.folder)
        self.engines = Engines(self.data, environment)
        self.ports = wish.ports
        self.seconds = 0.0
        """How long the start took."""

    @property
    def character(self) -> Character:
        """What the house is."""
        return self.data.character()

    def start(self) -> bool:
        """Start engines, offices and gateway; True when all are healthy, False when told to stop meanwhile.

        Raises Trouble, and then leaves nothing running.
        """
        begun = time.monotonic()
        # A core dump would hold opened keys.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        try:
            with full_disk_explained(self.data.folder):
                self._start()
        except BaseException:
            self.stop()
            raise
        self.seconds = time.monotonic() - begun
        return not self._stopping.is_set()

    def _start(self) -> None:
        self._running.enter_context(self.data.locked())
        character = self._settled_character()
        self.ports = self._wish.ports.settled()
        self._say("starting PostgreSQL and Valkey")
        self._running.callback(self.engines.stop)
        with self.engines.starting():
            self._provide(character)
            self._prepare_processes(character)
            from standalone.schemas import bring_up_to_date  # noqa: PLC0415  long to load, beside initdb
        self._say("bringing the offices' schemas and law up to date")
        dsn, passwords = self.engines.admin_dsn, self.data.role_passwords
        bring_up_to_date(dsn, role_passwords=passwords, sample=character.sample, deployment=character.deployment)
        enrol_processes(self.data, character, Register(dsn))
        self._say("starting catalog, blacklist, repair, audit and the gateway")
        self._start_processes(character)

    def ask_to_stop(self) -> None:
        """Make `tend` return soon. Safe in a signal handler and from another thread."""
        self._stopping.set()

    def tend(self) -> None:
        """Keep everything running until `ask_to_stop`."""
        while not self._stopping.wait(TEND_EVERY):
            try:
                said = [self.engines.tend(), self._openbao.tend() if self._openbao else ""]
                said += [child.tend() for child in self._children]
            except Trouble as trouble:
                said = [f"{trouble.what} {trouble.remedy}"]
                self._stopping.wait(5)
            for line in filter(None, said):
                self._say(line)

    def stop(self) -> None:
        """Stop the gateway, the offices, the log's office after them, then the engines."""
        self._stopping.set()
        self._running.close()

    def pids(self) -> dict[str, int]:
        """The ids of the running processes of offices and gateway."""
        return {child.name: pid for child in self._children if (pid := child.pid) is not None}

    def engine_urls(self) -> dict[str, str]:
        """Where the engines are, without passwords."""
        urls = {"database": self.engines.url, "redis": without_user(self.engines.redis_url)}
        return urls | ({"openbao": self._openbao.address} if self._openbao else {})

    def _settled_character(self) -> Character:
        wish, new = self._wish, not self.data.exists
        character = _new_character(wish) if new else self.data.character()
        if wish.sample is not None and wish.sample != character.sample:
            raise Trouble.of("SAMPLE_NEVER_CHANGES", folder=self.data.folder, a="a" if character.sample else "no")
        if wish.keys is not None and wish.keys != character.keys:
            raise Trouble.of("KEYS_NEVER_CHANGE", folder=self.data.folder, kept_by=character.keys, keys=wish.keys)
        self._check_sign_in(character.sample)
        if new:
            self.data.settle(character)
        return character

    def _check_sign_in(self, sample: bool) -> None:
        """A house with real data needs a real identity provider; settings for production refuse a sample house."""
        if sample and self._environment.get(PRODUCTION, "").lower() in {"1", "true", "yes", "on"}:
            raise Trouble.of("SAMPLE_IN_PRODUCTION")
        missing = [name for name in SIGN_IN if not self._environment.get(name)]
        if not sample and missing:
            raise Trouble.of("NO_IDENTITY_PROVIDER", missing=", ".join(missing))

    def _provide(self, character: Character) -> None:
        """What processes find in files: certificates, keys, generated people."""
        certify(self.data, character, now=datetime.now(UTC))
        if character.keys == "openbao":
            self._say("starting OpenBao")
            self._openbao = openbao(self.data)
            self._running.callback(self._openbao.stop)
            self._openbao.start()
            self._openbao.furnish(OFFICES)
        given = self._environment.get(STAFF_ISSUERS)
        provide_keys(self.data, character, staff_issuers=Path(given) if given else None)
        if character.sample:
            write_sample_parties(self.data.sample_parties)
            write_sample_officials(self.data.sample_officials)
            write_sample_authorities(self.data.sample_authorities)

    def _prepare_processes(self, character: Character) -> None:
        self._running.callback(self._stop_processes)
        extra = {name: value for name, value in self._environment.items() if name.startswith(PASSED_ON) and value}
        self._children = processes(self.data, character, self.engines, self.ports, extra=extra)
        for child in self._children:
            child.prepare()

    def _start_processes(self, character: Character) -> None:
        for child in self._children:
            child.start()
        for child in self._children:
            child.wait_until_healthy(stopping=self._stopping.is_set)
        self.data.write_doors(doors(self.data, character, self.ports))

    def _stop_processes(self) -> None:
        """The gateway first, then the offices together; audit after them, so that the log takes their last entries."""
        for group in ((GATEWAY,), ("repair", "blacklist", "catalog"), ("audit",), (WITNESS,)):
            leaving = [child for child in self._children if child.name in group]
            for child in leaving:
                child.ask_to_stop()
            for child in leaving:
                child.stop()


def _new_character(wish: Wish) -> Character:
    if wish.sample is False and wish.authority is None:
        raise Trouble.of("NO_AUTHORITY")
    sample = wish.sample is not False
    return Character(
        layout=LAYOUT,
        sample=sample,
        deployment="chengxin-sample" if sample else "chengxin",
        trust_domain="sample.chengxin.example" if sample else "chengxin.example",
        authority=wish.authority or OPERATOR.code,
        keys=wish.keys or "file",
    )


@contextmanager
def running(
    wish: Wish, *, environment: Mapping[str, str] | None = None, say: Callable[[str], None] = lambda _: None
) -> Generator[House]:
    """A house that runs beside the caller, for the story, the bench and the tests. Raises Trouble."""
    house = House(wish, environment=os.environ if environment is None else environment, say=say)
    house.start()
    tending = threading.Thread(target=house.tend, name="house", daemon=True)
    tending.start()
    try:
        yield house
    finally:
        house.ask_to_stop()
        tending.join()
        house.stop()


@contextmanager
def administered(folder: Path, *, environment: Mapping[str, str]) -> Generator[tuple[DataDir, str]]:
    """The data directory and the administrator's DSN of a house, whether it runs or not. Raises Trouble.

    Where it does not run, its PostgreSQL is started for as long as this lasts.
    """
    data = DataDir(folder)
    data.character()
    engines = Engines(data, environment)
    if data.owner() is not None:
        yield data, engines.admin_dsn
        return
    with data.locked():
        try:
            engines.start_postgres()
            yield data, engines.admin_dsn
        finally:
            engines.stop()
