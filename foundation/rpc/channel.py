"""A channel to another office, with this office's own certificate."""

from __future__ import annotations

import grpc
from grpc import aio

from foundation.settings import OfficeSettings


def office_channel(settings: OfficeSettings, address: str) -> aio.Channel:
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
