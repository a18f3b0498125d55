"""Public credit information, shared only as far as the law allows, and no longer: the departments' side.

    from chengxin import Client

    with Client.open("identity/") as house:
        answer = house.check(
            uscc="91430100MA4L1ABC2X", purpose="tender.qualification", matter="T-2026-17", officer="desk-7"
        )

Names are loaded when they are first used, so that the command line starts at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chengxin.client.aio import AsyncClient as AsyncClient
    from chengxin.client.answers import Answer as Answer
    from chengxin.client.answers import Change as Change
    from chengxin.client.answers import ChangeKind as ChangeKind
    from chengxin.client.answers import EndReason as EndReason
    from chengxin.client.answers import JournalReceipt as JournalReceipt
    from chengxin.client.answers import Receipt as Receipt
    from chengxin.client.answers import Refusal as Refusal
    from chengxin.client.answers import Report as Report
    from chengxin.client.answers import ReportedRecord as ReportedRecord
    from chengxin.client.answers import SubmitResult as SubmitResult
    from chengxin.client.errors import ChengxinError as ChengxinError
    from chengxin.client.errors import IdentityError as IdentityError
    from chengxin.client.errors import RefusedError as RefusedError
    from chengxin.client.errors import UnavailableError as UnavailableError
    from chengxin.client.identity import Identity as Identity
    from chengxin.client.parties import Identifier as Identifier
    from chengxin.client.parties import IdentifierKind as IdentifierKind
    from chengxin.client.parties import Party as Party
    from chengxin.client.records import Document as Document
    from chengxin.client.records import DocumentKind as DocumentKind
    from chengxin.client.records import Record as Record
    from chengxin.client.records import Severity as Severity
    from chengxin.client.streams import AsyncFeed as AsyncFeed
    from chengxin.client.sync import Client as Client
    from chengxin.client.sync import Feed as Feed

__version__ = "0.1.0"

_NAMES = {
    "aio": "AsyncClient",
    "answers": "Answer Change ChangeKind EndReason JournalReceipt Receipt Refusal Report ReportedRecord SubmitResult",
    "errors": "ChengxinError IdentityError RefusedError UnavailableError",
    "identity": "Identity",
    "parties": "Identifier IdentifierKind Party",
    "records": "Document DocumentKind Record Severity",
    "streams": "AsyncFeed",
    "sync": "Client Feed",
}
_MODULE_OF = {name: f"chengxin.client.{module}" for module, names in _NAMES.items() for name in names.split()}


def __dir__() -> list[str]:
    return sorted([*_MODULE_OF, "__version__"])


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'chengxin' has no attribute {name!r}")
    return getattr(importlib.import_module(module), name)
