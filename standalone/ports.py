"""The doors of a house: loopback ports, free ones on demand, taken ones told with the remedy."""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from standalone.trouble import Trouble

LOOPBACK = "127.0.0.1"
OFFICES = ("catalog", "blacklist", "repair", "audit")
GATEWAY = "gateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Loopback ports of the house; 0 takes a free one."""

    catalog: int = 7401
    blacklist: int = 7402
    repair: int = 7403
    audit: int = 7404
    log: int = 7405
    gateway: int = 7480

    @classmethod
    def behind(cls, doors: Mapping[str, str]) -> Ports:
        """The ports of a house that wrote down its doors."""
        ports = {office: _port(f"//{doors[office]}") for office in OFFICES}
        return cls(**ports, log=_port(doors["log_url"]), gateway=_port(doors["gateway"]))

    def settled(self) -> Ports:
        """The same with free ports in place of zeros. Raises Trouble when one is taken."""
        taken: dict[str, int] = {}
        for name in [field.name for field in fields(self)]:
            wanted = getattr(self, name)
            port = settle(name, wanted, option=f"--{name}-port")
            while port in taken.values():
                if wanted:
                    raise Trouble(
                        f"Port {port} is wanted for {name} and for another door of the house.",
                        remedy=f"Choose another port with --{name}-port PORT.",
                    )
                port = settle(name, 0, option="")
            taken[name] = port
        return Ports(**taken)

    def address(self, name: str) -> str:
        """host:port of a door."""
        return f"{LOOPBACK}:{getattr(self, name)}"

    def doors(self) -> dict[str, str]:
        """The doors by name: host:port of the offices, URLs of the gateway and the log."""
        return {office: self.address(office) for office in OFFICES} | {
            "gateway": f"http://{self.address(GATEWAY)}",
            "log_url": f"http://{self.address('log')}",
        }


FREE_RANGE = (10_000, 32_000)
FREE = Ports(catalog=0, blacklist=0, repair=0, audit=0, log=0, gateway=0)
"""A free port for every door."""


def settle(name: str, wanted: int, *, option: str) -> int:
    """Return `wanted` when it can be bound on loopback, or a free port when `wanted` is 0.

    `name` is who wants it and `option` the command-line option that changes it; both go into the Trouble
    that is raised when the port is taken.
    """
    if wanted == 0:
        return _free()
    try:
        _bind(wanted)
    except OSError as error:
        if error.errno == errno.EACCES:
            raise Trouble(
                f"Port {wanted} for {name} needs privileges that this account lacks.",
                remedy=f"Choose a port above 1023 with {option} PORT, or a free one with {option} 0.",
            ) from error
        raise Trouble(
            f"Port {wanted} on {LOOPBACK}, meant for {name}, is taken by another process.",
            remedy=f"Stop that process, choose another port with {option} PORT, or a free one with {option} 0.",
        ) from error
    return wanted


def _free() -> int:
    """A free port that the system does not give to outgoing connections, so that it stays free for a while."""
    while True:
        port = random.randrange(*FREE_RANGE)  # noqa: S311  any will do
        with suppress(OSError):
            _bind(port)
            return port


def _bind(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOOPBACK, port))


def _port(url: str) -> int:
    return urlsplit(url).port or 0
