"""Asks the processes of a house whether they serve: gRPC health over mutual TLS, HTTP for the gateway."""

from __future__ import annotations

import socket
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from standalone.ports import GATEWAY, LOOPBACK, OFFICES, WITNESS, Ports

ASK_S = 1.0
"""Seconds that an answer may take."""
READY = {GATEWAY: "/readyz", WITNESS: "/state"}
"""What the processes answer that speak HTTP."""


def serves(name: str, *, identity: Path, ports: Ports, service: str = "") -> bool:
    """Whether the process `name` serves now, asked with the certificate in the folder `identity`.

    The `service` "guard" of an office serves while nothing keeps the office from answering.
    """
    address = ports.address(name)
    if name in READY:
        with closing(HTTPConnection(address, timeout=ASK_S)) as door, suppress(OSError, HTTPException):
            door.request("GET", READY[name])
            return door.getresponse().status == HTTPStatus.OK
        return False
    try:  # A closed door is known at once, without the work of a channel.
        socket.create_connection((LOOPBACK, getattr(ports, name)), ASK_S).close()
    except OSError:
        return False
    credentials = grpc.ssl_channel_credentials(
        root_certificates=(identity / "ca.pem").read_bytes(),
        private_key=(identity / "key.pem").read_bytes(),
        certificate_chain=(identity / "cert.pem").read_bytes(),
    )
    with grpc.secure_channel(address, credentials) as channel, suppress(grpc.RpcError):
        stub: Any = health_pb2_grpc.HealthStub(channel)
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=ASK_S)
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
    return False


def who_serves(*, identity: Path, ports: Ports) -> dict[str, bool]:
    """Whether each process serves now, by name."""
    return {name: serves(name, identity=identity, ports=ports) for name in (*OFFICES, GATEWAY)}
