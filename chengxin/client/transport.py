"""How a call waits: on an event loop, or in the caller's thread. All else is the same for both clients."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from queue import SimpleQueue
from typing import Any

import grpc
import grpc.aio

from chengxin.client.errors import UnavailableError, error_from

_END: Any = vars(grpc.aio)["EOF"]  # public, but missing from the published type stubs


class OnLoop:
    """Waits on the running event loop."""

    channel = staticmethod(grpc.aio.secure_channel)
    sleep = staticmethod(asyncio.sleep)

    async def close(self, channel: Any) -> None:
        """Hang up."""
        await channel.close(None)

    async def ask(self, method: Any, request: Any, seconds: float) -> Any:
        """Return the answer. Raises grpc.RpcError."""
        return await method(request, timeout=seconds)

    def queue(self) -> tuple[Callable[[Any], None], Any]:
        """Return what puts requests, None last, and what a streaming call takes them from."""
        queue: asyncio.Queue[Any] = asyncio.Queue()

        async def sent() -> AsyncIterator[Any]:
            while (request := await queue.get()) is not None:
                yield request

        return queue.put_nowait, sent()

    async def read(self, call: Any, within: float | None = None) -> Any:
        """Return a stream's next response, None at its end. Raises ChengxinError, also after `within` seconds."""
        try:
            response = await asyncio.wait_for(call.read(), within)
        except TimeoutError:
            raise UnavailableError("The house did not answer a batch in time.") from None
        except grpc.RpcError as error:
            raise error_from(error) from None
        return None if response is _END else response


class InThread:
    """Waits in the caller's thread: its coroutines never suspend, so that no event loop is needed."""

    channel = staticmethod(grpc.secure_channel)

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        time.sleep(seconds)  # noqa: ASYNC251 - the thread is what waits

    async def close(self, channel: Any) -> None:
        """Hang up."""
        channel.close()

    async def ask(self, method: Any, request: Any, seconds: float) -> Any:
        """As `OnLoop.ask`."""
        return method(request, timeout=seconds)

    def queue(self) -> tuple[Callable[[Any], None], Any]:
        """As `OnLoop.queue`."""
        queue: SimpleQueue[Any] = SimpleQueue()
        return queue.put, iter(queue.get, None)

    async def read(self, call: Any, within: float | None = None) -> Any:
        """As `OnLoop.read`."""
        alarm = threading.Timer(within or 0, call.cancel)
        alarm.daemon = True
        if within is not None:
            alarm.start()
        try:
            return next(call, None)
        except grpc.RpcError as error:
            raise error_from(error) from None
        finally:
            alarm.cancel()


Transport = OnLoop | InThread
