"""AuditService: messages to domain types and back. No rule stands here."""

from __future__ import annotations

from typing import Any

from chengxin.audit.v1 import audit_pb2, audit_pb2_grpc
from foundation.calendar import SHANGHAI
from foundation.clock import today
from foundation.db import Database
from foundation.reasons import VALUE_INVALID
from foundation.refusal import Refused
from foundation.rpc import current
from foundation.rpc.messages import identifier_from, instant_from, receipt_message, timestamp
from services.audit.domain.access import Access, Search
from services.audit.office.accesses import Accesses
from services.audit.office.proving import Prover
