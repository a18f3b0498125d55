"""The doors of a house: loopback ports, free ones on demand, taken ones told with the remedy."""

from __future__ import annotations

import errno
import random
import socket
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from typing import Annotated
from urllib.parse import urlsplit

from typer import Option

from chengxin.cli.command import Group
from standalone.trouble import Trouble

LOOPBACK = "127.0.0.1"
OFFICES = ("catalog", "blacklist", "repair", "audit")
GATEWAY, WITNESS = "gateway", "witness"
FREE_RANGE = (10_000, 32_000)
"""Where free ports come from: ports that the system does not give to outgoing connections stay free for a while."""
_GIVEN: deque[int] = deque(maxlen=200)
"""Free ports given lately: who asked for one may not have bound it yet, and is not to lose it to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports(Group):
    """Loopback ports of the house; 0 takes a free one."""

    catalog: Annotated[int, Option("--catalog-port", help="gRPC of the catalog office; 0: a free port.")] = 7401
    blacklist: Annotated[int, Option("--blacklist-port", help="gRPC of the list office.")] = 7402
    repair: Annotated[int, Option("--repair-port", help="gRPC of the repair office.")] = 7403
    audit: Annotated[int, Option("--audit-port", help="gRPC of the audit office.")] = 7404
    log: Annotated[int, Option("--log-port", help="HTTP of the audit log's checkpoints and tiles.")] = 7405
    witness: Annotated[int, Option("--witness-port", help="HTTP of the log's witness.")] = 7406
    entries: Annotated[int, Option("--entries-port", help="HTTPS of the log's entries, for auditors.")] = 7407
    gateway: Annotated[int, Option("--gateway-port", help="HTTP of the gateway.")] = 7480

    @classmethod
    def behind(cls, doors: Mapping[str, str]) -> Ports:
        """The ports of a house that wrote down its doors."""
        urls = {office: f"//{doors[office]}" for office in OFFICES}
        urls |= {"log": doors["log_url"], GATEWAY: doors["gateway"]}
        urls |= {name: doors.get(f"{name}_url", "") for name in (WITNESS, "entries")}
        return cls(**{name: urlsplit(url).port or 0 for name, url in urls.items()})

    def settled(self) -> Ports:
        """The same with free ports in place of zeros. Raises Trouble when one is taken."""
        with ExitStack() as held:  # each until all are found, so no two doors get the same
            sockets = {
                field.name: held.enter_context(bound(field.name, getattr(self, field.name))) for field in fields(self)
            }
            return Ports(**{name: listening.getsockname()[1] for name, listening in sockets.items()})

    def address(self, name: str) -> str:
        """host:port of a door."""
        return f"{LOOPBACK}:{getattr(self, name)}"

    def doors(self) -> dict[str, str]:
        """The doors by name: host:port of the offices, URLs of the gateway and the log."""
        return {office: self.address(office) for office in OFFICES} | {
            "gateway": f"http://{self.address(GATEWAY)}",
            "log_url": f"http://{self.address('log')}",
            "witness_url": f"http://{self.address(WITNESS)}",
            "entries_url": f"https://{self.address('entries')}",
        }


FREE = Ports(**dict.fromkeys([door.name for door in fields(Ports)], 0))
"""A free port for every door."""


def bound(name: str, wanted: int) -> socket.socket:
    """A socket that holds the loopback port `wanted`, or a free one when that is 0.

    Raises Trouble when it can't be had; the remedy names the option `--<name>-port`.
    """
    while True:
        port = wanted or random.randrange(*FREE_RANGE)  # noqa: S311 any
        if not wanted and port in _GIVEN:
            continue
        try:
            held = socket.create_server((LOOPBACK, port))
            _GIVEN.append(port)
            return held
        except OSError as error:
            if not wanted:
                continue
            denied = error.errno == errno.EACCES
            why = "needs privileges" if denied else "is taken by another process or another door of the house"
            raise Trouble.of("PORT_TAKEN", port=wanted, name=name, why=why) from error


def free_port() -> int:
    """A free loopback port. Another process may take it before it is used."""
    with bound("any", 0) as held:
        return held.getsockname()[1]
