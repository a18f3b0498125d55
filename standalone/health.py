"""Asks the processes of a house whether they serve: gRPC health over mutual TLS, HTTP for the gateway."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc

from standalone.ports import GATEWAY, OFFICES, Ports

ASK_S = 1.0
"""Seconds that an answer may take."""
GATEWAY_READY = "/readyz"


class HouseHealth:
    """Channels to all offices, with the certificate in `identity`; opened when first asked."""

    def __init__(self, identity: Path, ports: Ports) -> None:
        self._identity = identity
        self._ports = ports
        self._channels: dict[str, grpc.Channel] = {}

    def of(self, name: str) -> bool:
        """Whether the process `name` serves now."""
        return self._gateway() if name == GATEWAY else self._office(name)

    def all(self) -> dict[str, bool]:
        """Whether each process serves now, by name."""
        return {name: self.of(name) for name in (*OFFICES, GATEWAY)}

    def close(self) -> None:
        """Close the channels."""
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()

    def _office(self, name: str) -> bool:
        stub: Any = health_pb2_grpc.HealthStub(self._channel(name))
        with suppress(grpc.RpcError):
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=ASK_S)
            return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
        return False

    def _gateway(self) -> bool:
        with suppress(httpx.HTTPError):
            answer = httpx.get(f"http://{self._ports.address(GATEWAY)}{GATEWAY_READY}", timeout=ASK_S)
            return answer.is_success
        return False

    def _channel(self, name: str) -> grpc.Channel:
        if name not in self._channels:
            credentials = grpc.ssl_channel_credentials(
                root_certificates=(self._identity / "ca.pem").read_bytes(),
                private_key=(self._identity / "key.pem").read_bytes(),
                certificate_chain=(self._identity / "cert.pem").read_bytes(),
            )
            options = [
                ("grpc.initial_reconnect_backoff_ms", 50),
                ("grpc.max_reconnect_backoff_ms", 100),
                ("grpc.min_reconnect_backoff_ms", 50),
            ]
            self._channels[name] = grpc.secure_channel(self._ports.address(name), credentials, options)
        return self._channels[name]
