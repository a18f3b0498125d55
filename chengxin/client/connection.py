"""How the house is reached: mutual TLS, limits, time limits. The same for both clients."""

from __future__ import annotations

import grpc

from chengxin.client.identity import Identity

UNARY_SECONDS = 10.0
"""Longest time for a question with one answer, all tries together. Source: docs/architecture.md, Limits."""
BATCH_SECONDS = 30.0
"""Longest wait for the results of one batch of a stream before the stream is opened anew."""
STREAM_SECONDS = 600.0
"""Longest life of one stream; the next one goes on where it ended."""
STREAM_PATIENCE_SECONDS = 60.0
"""How long a stream may be without any progress before the caller is told."""
OPEN_SECONDS = 5.0
"""A stream that lived longer had been open; its end begins a new count of failures."""
IN_FLIGHT = 4
"""Batches that are sent before the first of them is answered."""

OPTIONS: list[tuple[str, int | str]] = [
    ("grpc.max_receive_message_length", 4 * 1024 * 1024),
    ("grpc.max_send_message_length", 1024 * 1024),
    ("grpc.enable_retries", 0),  # tries are counted in one place: chengxin.client.patience
    ("grpc.enable_http_proxy", 0),  # a proxy cannot pass mutual TLS on
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2000),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.keepalive_time_ms", 310_000),  # servers count faster pings as abuse
    ("grpc.keepalive_timeout_ms", 10_000),
]


def credentials(identity: Identity) -> grpc.ChannelCredentials:
    """Mutual TLS with the identity's certificate, trusting the identity's CA alone."""
    return grpc.ssl_channel_credentials(
        root_certificates=identity.ca, private_key=identity.key, certificate_chain=identity.certificate
    )
