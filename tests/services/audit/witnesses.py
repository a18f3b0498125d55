"""A witness that serves in a thread of the test."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from chengxin.witness import Memory, serve
from tests.services.audit.journals import VKEY

NAME = "witness.test/w1"


class RunningWitness:
    """A witness of the tests' log: `url`, `vkey`, its memory, and a clock that can be moved."""

    def __init__(self, memory: Memory, url: str) -> None:
        self.memory = memory
        self.url = url
        self.vkey = memory.vkey
        self.off_s = 0.0

    @property
    def settings(self) -> dict[str, str]:
        """What makes the audit office bring its heads here."""
        return {"CHENGXIN_WITNESS_URL": self.url, "CHENGXIN_WITNESS_VKEY": self.vkey, "CHENGXIN_LOG_VKEY": VKEY}


@contextlib.contextmanager
def running_witness(folder: Path) -> Iterator[RunningWitness]:
    clock: Callable[[], float] = lambda: time.time() + made.off_s  # noqa: E731
    with contextlib.closing(Memory(folder, [VKEY], name=NAME, clock=clock)) as memory:
        server = serve(memory, host="127.0.0.1", port=0)
        made = RunningWitness(memory, f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
