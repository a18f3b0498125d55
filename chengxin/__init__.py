"""Public credit information, shared only as far as the law allows, and no longer: the departments' side.

    from chengxin import Client

    with Client.open("identity/") as house:
        answer = house.check(uscc="91430100MA4L1ABC2X", purpose="tender", matter="T-2026-17", officer="Li")

Names are loaded when they are first used, so that the command line starts at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chengxin.client.aio import AsyncClient
    from chengxin.client.aio_streams import AsyncFeed
    from chengxin.client.answers import (
        Answer,
        Change,
        ChangeKind,
        EndReason,
        JournalReceipt,
        Receipt,
        Refusal,
        Report,
        ReportedRecord,
    )
    from chengxin.client.errors import ChengxinError, IdentityError, RefusedError, UnavailableError
    from chengxin.client.identity import Identity
    from chengxin.client.parties import Identifier, IdentifierKind, Party
    from chengxin.client.records import Document, DocumentKind, Record, Severity, SubmitResult
    from chengxin.client.sync import Client
    from chengxin.client.sync_streams import Feed

__version__ = "0.1.0"

_HOME = {
    "chengxin.client.aio": ("AsyncClient",),
    "chengxin.client.aio_streams": ("AsyncFeed",),
    "chengxin.client.answers": (
        "Answer",
        "Change",
        "ChangeKind",
        "EndReason",
        "JournalReceipt",
        "Receipt",
        "Refusal",
        "Report",
        "ReportedRecord",
    ),
    "chengxin.client.errors": ("ChengxinError", "IdentityError", "RefusedError", "UnavailableError"),
    "chengxin.client.identity": ("Identity",),
    "chengxin.client.parties": ("Identifier", "IdentifierKind", "Party"),
    "chengxin.client.records": ("Document", "DocumentKind", "Record", "Severity", "SubmitResult"),
    "chengxin.client.sync": ("Client",),
    "chengxin.client.sync_streams": ("Feed",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Answer",
    "AsyncClient",
    "AsyncFeed",
    "Change",
    "ChangeKind",
    "ChengxinError",
    "Client",
    "Document",
    "DocumentKind",
    "EndReason",
    "Feed",
    "Identifier",
    "IdentifierKind",
    "Identity",
    "IdentityError",
    "JournalReceipt",
    "Party",
    "Receipt",
    "Record",
    "Refusal",
    "RefusedError",
    "Report",
    "ReportedRecord",
    "Severity",
    "SubmitResult",
    "UnavailableError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'chengxin' has no attribute {name!r}")
    return getattr(importlib.import_module(module), name)
