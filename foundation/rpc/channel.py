"""A channel to another office, with this office's own certificate."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import grpc
from grpc import aio


class HasCertificate(Protocol):
    """Settings that name a process's own certificate; every office's and the gateway's do."""

    cert: Path
    key: Path
    ca: Path


def office_channel(settings: HasCertificate, address: str) -> aio.Channel:
    """Open a channel with mutual TLS to the office at `address` (host:port); connects at the first call."""
    credentials = grpc.ssl_channel_credentials(
        root_certificates=settings.ca.read_bytes(),
        private_key=settings.key.read_bytes(),
        certificate_chain=settings.cert.read_bytes(),
    )
    options = [
        ("grpc.max_receive_message_length", 4 * 1024 * 1024),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2000),
    ]
    return aio.secure_channel(address, credentials, options=options)
