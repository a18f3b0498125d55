"""Ports: free ones on demand, taken ones told with the option that changes them."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from standalone.ports import FREE, FREE_RANGE, LOOPBACK, Ports, bound, free_port
from standalone.trouble import Trouble


def test_a_taken_port_is_told_with_its_option() -> None:
    with socket.create_server((LOOPBACK, 0)) as taken, pytest.raises(Trouble) as caught:
        bound("catalog", taken.getsockname()[1])
    assert "taken" in caught.value.what
    assert "--catalog-port" in caught.value.remedy


def test_a_port_that_another_server_would_share_counts_as_taken() -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((LOOPBACK, 0))
        listening.listen()
        with pytest.raises(Trouble, match="taken"):
            bound("catalog", listening.getsockname()[1])


def test_zero_takes_a_free_port_for_each_door() -> None:
    ports = FREE.settled()
    assert 0 not in {ports.catalog, ports.blacklist, ports.repair, ports.audit, ports.log, ports.gateway}
    assert Ports.behind(ports.doors()) == ports


def test_two_doors_never_get_the_same_port() -> None:
    port = free_port()
    with pytest.raises(Trouble, match="another door"):
        replace(FREE, catalog=port, gateway=port).settled()


def test_free_ports_are_none_that_outgoing_connections_may_take() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert FREE_RANGE[0] <= free_port() < min(FREE_RANGE[1], lowest)


def test_a_port_that_was_given_lately_is_not_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_port()
    monkeypatch.setattr("standalone.ports.FREE_RANGE", (first, first + 20))
    given = {free_port() for _ in range(5)}
    assert len(given) == 5
    assert first not in given
