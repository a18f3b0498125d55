"""A walk through every method of the contract, and what each left in its office's journal."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from chengxin.audit.v1 import audit_pb2, log_pb2, misuse_pb2, questions_pb2
from chengxin.blacklist.v1 import blacklist_pb2
from chengxin.catalog.v1 import access_pb2, archive_pb2, catalog_pb2, record_pb2, sharing_pb2
from chengxin.common.v1 import common_pb2, keys_pb2
from chengxin.repair.v1 import desk_pb2, repair_pb2
from standalone.sample import MARK
from standalone.story.cast import Department
from tests.support.running_house import RunningHouse

OFFICES = ("catalog", "blacklist", "repair", "audit")
METHODS = {
    f"{service.name}.{method.name}": service.file.package.split(".")[1]
    for module in (
        common_pb2,
        access_pb2,
        catalog_pb2,
        record_pb2,
        sharing_pb2,
        archive_pb2,
        blacklist_pb2,
        repair_pb2,
        desk_pb2,
        audit_pb2,
        questions_pb2,
        misuse_pb2,
        log_pb2,
    )
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
"""Every method of the five packages, and the office whose journal it has to be in."""
METHODS |= {
    f"KeyService.{method.name}": "catalog" for method in keys_pb2.DESCRIPTOR.services_by_name["KeyService"].methods
}

OFFICIAL, DECIDER = f"{MARK}-walk-1", f"{MARK}-walk-2"


class Walk:
    """Goes from method to method, and notes which were called and which of them left no entry."""

    def __init__(self, house: RunningHouse) -> None:
        self._dsn = house.house.engines.admin_dsn
        self.called: set[str] = set()
        self.silent: set[str] = set()

    @contextmanager
    def calling(self, *methods: str, at: str = "") -> Generator[None]:
        """Within, these methods are called and answered; afterwards each has a new entry in its office's journal.

        `at`: the office, where several of them serve the method.
        """
        before = {office: self._last(office) for office in OFFICES}
        yield
        self.called.update(methods)
        for method in methods:
            office = at or METHODS[method]
            if method not in self._answered_since(office, before[office]):
                self.silent.add(f"{method} {at}".strip())

    def _last(self, office: str) -> int:
        return self._rows(office, "SELECT coalesce(max(entry_id), 0) FROM journal")[0][0]

    def _answered_since(self, office: str, entry_id: int) -> set[str]:
        rows = self._rows(office, "SELECT kind FROM journal WHERE entry_id > %s AND decision <> 'refused'", entry_id)
        return {kind for (kind,) in rows}

    def _rows(self, office: str, query: str, *values: object) -> list[Any]:
        with psycopg.connect(self._dsn) as connection:
            connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(office)))
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]


def act(who: Department, method: Any, request: Any, *, role: str, officer: str = OFFICIAL) -> Any:
    """Call a method in the name of an official of the department."""
    return who.ask(method, request, officer=officer, roles=[role])
