"""The witness over HTTP: `POST /add-checkpoint`, `GET /state`. Small, bounded in size, time and number of callers."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chengxin.witness.memory import TEXT, Memory, Refusal

MOST_BYTES = 64 * 1024
LONGEST_S = 10.0
"""Longest life of one connection, whatever its other end does."""
MOST_CONNECTIONS = 64


class WitnessServer(ThreadingHTTPServer):
    """Serves one memory. A connection beyond the limit is closed unanswered."""

    daemon_threads = True
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, address: tuple[str, int], memory: Memory) -> None:
        super().__init__(address, _Handler)
        self.memory = memory
        self._places = threading.BoundedSemaphore(MOST_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection in a thread of its own, if there is a place."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle it, and give the place back."""
        ending = threading.Timer(LONGEST_S, _hang_up, [request])
        ending.daemon = True
        ending.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            ending.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up is not worth a line."""


class _Handler(BaseHTTPRequestHandler):
    server: WitnessServer  # pyright: ignore[reportIncompatibleVariableOverride]  # the one that makes it
    server_version, sys_version = "chengxin-witness", ""
    timeout = LONGEST_S

    def do_GET(self) -> None:
        if self.path != "/state":
            return self._answer(HTTPStatus.NOT_FOUND, "GET /state, POST /add-checkpoint\n", TEXT)
        state = json.dumps(self.server.memory.state(), ensure_ascii=False)
        return self._answer(HTTPStatus.OK, state, "application/json")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != "/add-checkpoint":
            return self._answer(HTTPStatus.NOT_FOUND, "POST /add-checkpoint\n", TEXT)
        if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > MOST_BYTES:
            return self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {MOST_BYTES} bytes\n", TEXT)
        body = self.rfile.read(int(length))
        try:
            line = self.server.memory.add(body)
        except Refusal as refused:
            return self._answer(refused.status, refused.text, refused.content_type)
        except OSError as error:  # Nothing is cosigned that is not remembered.
            print(f"the memory can't be written: {error}", file=sys.stderr, flush=True)
            return self._answer(HTTPStatus.INTERNAL_SERVER_ERROR, "the memory can't be written\n", TEXT)
        return self._answer(HTTPStatus.OK, line, TEXT)

    def _answer(self, status: HTTPStatus, text: str, content_type: str) -> None:
        content = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing of each request: a log of one line a second helps nobody."""


def serve(memory: Memory, *, host: str, port: int) -> WitnessServer:
    """Bind the server; its `serve_forever` serves, its `server_port` is the port. Raises OSError."""
    return WitnessServer((host, port), memory)


def _hang_up(request: socket.socket) -> None:
    with contextlib.suppress(OSError):
        request.shutdown(socket.SHUT_RDWR)
