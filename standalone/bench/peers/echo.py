"""The floor: a gRPC server that does nothing. `python -m standalone.bench.peers.echo IDENTITY ADDRESS BYTES`.

The same library, event loop, options and mutual TLS as an office; messages of the same sizes, which it neither reads nor
makes: no interceptor, no message, no log line, no database. No Python server of gRPC answers with less.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import uvloop
from grpc import aio


async def serve(
    identity: Path, address: str, ask: Callable[[bytes, Any], Awaitable[bytes]], *interceptors: aio.ServerInterceptor
) -> None:
    """Answer every call by `ask`, until ended."""
    # The options of foundation.rpc.server that matter to a call.
    options = [("grpc.max_concurrent_streams", 64), ("grpc.enable_channelz", 0)]
    server = aio.server(options=options, interceptors=interceptors)
    handler = grpc.unary_unary_rpc_method_handler(ask)  # without a codec: bytes
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", {"Ask": handler}),))
    certificate, key, ca = ((identity / name).read_bytes() for name in ("cert.pem", "key.pem", "ca.pem"))
    server.add_secure_port(address, grpc.ssl_server_credentials([(key, certificate)], ca, require_client_auth=True))
    await server.start()
    await server.wait_for_termination()


def always(answer: bytes) -> Callable[[bytes, Any], Awaitable[bytes]]:
    """What gives one and the same answer."""

    async def ask(_: bytes, __: Any) -> bytes:
        return answer

    return ask


if __name__ == "__main__":
    uvloop.run(serve(Path(sys.argv[1]), sys.argv[2], always(bytes(int(sys.argv[3])))))
