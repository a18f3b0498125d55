"""A lawful request for every method of the catalog's contract, to be changed in one way each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from chengxin.catalog.v1 import access_pb2, catalog_pb2, record_pb2, sharing_pb2
from tests.services.catalog.drafts import PENALTY, lawful
from tests.services.catalog.office import PURPOSE, context, identifier
from tests.support.catalog_house import uscc

PARTY = identifier(uscc(4_000_001))
NOBODY = str(uuid4())
LAWFUL: dict[str, Callable[[], Any]] = {
    "GetCatalogItem": lambda: catalog_pb2.GetCatalogItemRequest(code=PENALTY),
    "ListCatalogItems": catalog_pb2.ListCatalogItemsRequest,
    "ListMeasures": catalog_pb2.ListMeasuresRequest,
    "SubmitRecords": lambda: record_pb2.SubmitRecordsRequest(records=[lawful()]),
    "RevokeDocument": lambda: record_pb2.RevokeDocumentRequest(document_number="样例-无", reason="样例"),
    "WithdrawRecord": lambda: record_pb2.WithdrawRecordRequest(
        record_id=NOBODY, reason=record_pb2.END_REASON_REPAIRED, matter="样例"
    ),
    "GetRecord": lambda: record_pb2.GetRecordRequest(record_id=NOBODY, matter="样例"),
    "CheckSubject": lambda: sharing_pb2.CheckSubjectRequest(context=context(), subject=PARTY),
    "CheckSubjects": lambda: sharing_pb2.CheckSubjectsRequest(context=context(), subjects=[PARTY]),
    "GetCreditReport": lambda: sharing_pb2.GetCreditReportRequest(context=context(), subject=PARTY),
    "WatchChanges": lambda: sharing_pb2.WatchChangesRequest(context=context(), until_caught_up=True),
    "AcknowledgeWithdrawal": lambda: sharing_pb2.AcknowledgeWithdrawalRequest(record_id=NOBODY),
    "ListOwnRecords": sharing_pb2.ListOwnRecordsRequest,
    "GetWithdrawalCertificate": lambda: sharing_pb2.GetWithdrawalCertificateRequest(record_id=NOBODY),
    "ListPublicRecords": sharing_pb2.ListPublicRecordsRequest,
    "RequestGrant": lambda: access_pb2.RequestGrantRequest(
        purpose=PURPOSE, item_codes=[PENALTY], days=30, justification="样例"
    ),
    "ApproveGrant": lambda: access_pb2.ApproveGrantRequest(grant_id=NOBODY),
    "RevokeGrant": lambda: access_pb2.RevokeGrantRequest(grant_id=NOBODY, reason="样例"),
    "ListGrants": access_pb2.ListGrantsRequest,
}


def changed(name: str, **values: Any) -> Any:
    """A lawful request with one value changed; a name with two underscores goes into the context."""
    request = LAWFUL[name]()
    for path, value in values.items():
        holder = request
        *outer, last = path.split("__")
        for part in outer:
            holder = getattr(holder, part)
        if isinstance(value, list):
            del getattr(holder, last)[:]
            getattr(holder, last).extend(value)
        else:
            setattr(holder, last, value)
    return request
