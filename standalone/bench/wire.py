"""A driver that hardly takes part: one process keeps questions in flight, over mutual TLS, and times the answers.

A Python gRPC client takes more of a core for a call than a bare server does: on the machine of what it measures, it
would be what is measured, and flatter whatever is slower. h2load, which is cheap enough, presents no certificate. So
this one writes the few bytes that such a client sends: frames of HTTP/2 (RFC 9113) with headers that stand in the table
from the first call on (RFC 7541), or requests of HTTP/1.1. What a production client must do, it does not: it heeds no
window (what is in flight stays below them), and what is refused or lost shows as a wrong answer or as TimeoutError.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

DATA, HEADERS, SETTINGS, PING, WINDOW_UPDATE = 0, 1, 4, 6, 8
END_STREAM, ACK, END_HEADERS = 1, 1, 4
_LARGEST_FRAME, _WINDOW, _USUAL_WINDOW = 16_384, 2**31 - 1, 65_535


class Target(NamedTuple):
    """What is driven: how it is spoken to, where, and what it is asked.

    A question comes with the number that `read` must give of its answer. `each`: parties that one question is about.
    """

    line: type[Line]
    address: str
    path: str
    questions: Iterator[tuple[bytes, int]]
    read: Callable[[bytes], int]
    each: int = 1


class Load:
    """Questions until the time is up, then the answers still to come, of which `answer` is the last. Times in seconds."""

    def __init__(self, target: Target, per_s: float = 0) -> None:
        """With `per_s`, questions are asked at that pace, whether or not earlier ones are answered."""
        self.target, self.per_s = target, per_s
        self.times: list[float] = []
        self.answer, self.wrong, self._open = b"", 0, 0
        self._begun = self._ends = self._last = 0.0
        self.over = asyncio.Event()

    @property
    def rate(self) -> float:
        """Parties answered about in a second."""
        return len(self.times) * self.target.each / (self._last - self._begun)

    def begin(self, seconds: float) -> None:
        """Let the time begin."""
        self._begun = time.perf_counter()
        self._ends = self._begun + seconds

    async def paced(self, lines: Sequence[Line]) -> None:
        """Have lines ask in turn, each question at its time; the wait of one that is asked late counts as well."""
        for number, line in enumerate(itertools.cycle(lines)):
            due = self._begun + number / self.per_s
            if due >= self._ends:
                break
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            line.ask(due)
        self._ends = time.perf_counter()
        if not self._open:
            self.over.set()

    def question(self, due: float = 0) -> tuple[bytes, tuple[float, int]] | None:
        """The next question, and what to give back with its answer; None when the time is up."""
        now = due or time.perf_counter()
        if now >= self._ends:
            if not self._open:  # the last answer came before the end
                self.over.set()
            return None
        self._open += 1
        question, expected = next(self.target.questions)
        return question, (now, expected)

    def answered(self, asked: tuple[float, int], body: bytes) -> None:
        """Take an answer."""
        self._last, self.answer, (begun, expected) = time.perf_counter(), body, asked
        self.times.append(self._last - begun)
        self.wrong += self.target.read(body) != expected
        self._open -= 1
        if not self._open and self._last >= self._ends:
            self.over.set()


async def driven(target: Target, identity: Path, *, lines: int, width: int, seconds: float, per_s: float = 0) -> Load:
    """Keep `width` questions in flight on each of `lines` connections, as the system in the folder `identity`.

    With `per_s`, ask at that pace instead.
    """
    context = ssl.create_default_context(cafile=identity / "ca.pem")
    context.load_cert_chain(identity / "cert.pem", identity / "key.pem")
    context.set_alpn_protocols([target.line.alpn])
    (host, _, port), load, loop = target.address.partition(":"), Load(target, per_s), asyncio.get_running_loop()
    made = [await loop.create_connection(lambda: target.line(load), host, int(port), ssl=context) for _ in range(lines)]
    load.begin(seconds)
    if per_s:
        await load.paced([line for _, line in made])
    else:
        for _, line in made * width:
            line.ask()
    async with asyncio.timeout(seconds + 30):
        await load.over.wait()
    for transport, _ in made:
        transport.abort()
    return load


class Line(asyncio.Protocol):
    """One connection; each answer makes it ask the next question."""

    alpn = "http/1.1"

    def __init__(self, load: Load) -> None:
        self._load, self._target, self._received = load, load.target, b""

    def connection_made(self, transport: Any) -> None:
        """Greet."""
        self._write: Callable[[bytes], None] = transport.write
        self._greet()

    def data_received(self, data: bytes) -> None:
        """Take what came, as far as it is whole."""
        self._received += data
        self._received = self._received[self._take(self._received) :]

    def ask(self, due: float = 0) -> None:
        """Send the next question, if there is time for one; the time of its answer counts from when it was due."""
        if (question := self._load.question(due)) is not None:
            self._send(*question)

    def _again(self) -> None:
        if not self._load.per_s:
            self.ask()

    def _greet(self) -> None: ...

    def _send(self, question: bytes, asked: tuple[float, int]) -> None:
        self._asked = asked
        self._write(
            f"POST {self._target.path} HTTP/1.1\r\nHost: {self._target.address}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(question)}\r\n\r\n".encode()
            + question
        )

    def _take(self, received: bytes) -> int:
        """Take whole answers; give how many bytes they are."""
        head, found, rest = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]) if found else 0
        if not found or len(rest) < length:
            return 0
        self._load.answered(self._asked, rest)
        self._again()
        return len(received)


class GrpcLine(Line):
    """A connection of gRPC: each question is a call of its own."""

    alpn = "h2"

    def _greet(self) -> None:
        said = {":method": "POST", ":scheme": "https", ":path": self._target.path, ":authority": self._target.address}
        said |= {"te": "trailers", "content-type": "application/grpc", "grpc-timeout": "10S"}
        self._headers = b"".join(b"\x40" + _text(name) + _text(value) for name, value in said.items())
        self._indexed = bytes(0x80 | place for place in range(61 + len(said), 61, -1))
        self._stream, self._calls = -1, dict[int, tuple[tuple[float, int], list[bytes]]]()
        windows = _frame(SETTINGS, 0, 0, b"\0\4" + _WINDOW.to_bytes(4))
        windows += _frame(WINDOW_UPDATE, 0, 0, (_WINDOW - _USUAL_WINDOW).to_bytes(4))
        self._write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + windows)

    def _send(self, question: bytes, asked: tuple[float, int]) -> None:
        self._stream += 2
        self._calls[self._stream] = (asked, [])
        frames = _frame(HEADERS, END_HEADERS, self._stream, self._headers)
        self._headers = self._indexed
        message = b"\0" + len(question).to_bytes(4) + question
        for at in range(0, len(message), _LARGEST_FRAME):
            last = END_STREAM if at + _LARGEST_FRAME >= len(message) else 0
            frames += _frame(DATA, last, self._stream, message[at : at + _LARGEST_FRAME])
        self._write(frames)

    def _take(self, received: bytes) -> int:
        at = 0
        while len(received) - at >= 9 and (end := at + 9 + int.from_bytes(received[at : at + 3])) <= len(received):
            kind, flags, stream = received[at + 3], received[at + 4], int.from_bytes(received[at + 5 : at + 9])
            payload, at = received[at + 9 : end], end
            if kind == DATA:
                self._calls[stream][1].append(payload)
            elif kind == HEADERS and flags & END_STREAM:
                asked, parts = self._calls.pop(stream)
                self._load.answered(asked, b"".join(parts)[5:])
                self._again()
            elif kind in (SETTINGS, PING) and not flags & ACK:
                self._write(_frame(kind, ACK, 0, payload if kind == PING else b""))
        return at


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3) + bytes((kind, flags)) + stream.to_bytes(4) + payload


def _text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode()
