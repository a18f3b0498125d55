"""One real OpenBao for the session's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.openbao.server import Server


@pytest.fixture(scope="session")
def openbao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with engines and tokens for the offices catalog and audit."""
    server = Server.start(tmp_path_factory.mktemp("openbao"))
    yield server
    server.bao.stop()
