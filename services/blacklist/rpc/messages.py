"""Between the contract's messages about cases and the domain's types; what is malformed is refused by its field."""

from __future__ import annotations

from datetime import date
from typing import cast

from chengxin.blacklist.v1 import blacklist_pb2 as pb
from chengxin.common.v1 import common_pb2
from foundation.identity import IdentifierKind, canonicalise
from foundation.personal import Personal
from foundation.policy.entries import DocumentKind
from foundation.reasons import VALUE_INVALID, VALUE_REQUIRED
from foundation.refusal import Refused
from foundation.rpc import messages as common
from foundation.rpc.mirror import mirrored
from services.blacklist.domain.case import Case, window_ends_before
from services.blacklist.domain.documents import SERVICE_METHODS
from services.blacklist.domain.dossier import Basis, Party
from services.blacklist.domain.leniency import Leniency
from services.blacklist.domain.listing import Listing
from services.blacklist.domain.steps import State
from services.blacklist.office import View


def text_from(text: str, *, field: str, longest: int) -> Personal:
    """Read a text of 1 to `longest` characters."""
    return Personal(common.text_from(text, field=field, longest=longest))


def line_from(text: str, *, field: str, longest: int) -> Personal:
    """Read one line."""
    return Personal(common.line_from(text, field=field, longest=longest))


def service_method(text: str) -> str:
    """Return how something was served."""
    if text not in SERVICE_METHODS:
        detail = f"One of {', '.join(sorted(SERVICE_METHODS))}."
        raise Refused(VALUE_INVALID if text else VALUE_REQUIRED, field="service_method", detail=detail)
    return text


def party_from(message: common_pb2.Party, *, today: date) -> Party:
    """Read a party."""
    return Party(
        identifier=common.identifier_from(message.identifier, today=today, field="party.identifier"),
        name=line_from(message.name, field="party.name", longest=200),
    )


def basis_from(message: common_pb2.Document, *, today: date) -> Basis:
    """Read the document on which facts rest."""
    kind, field = common.word_from(common_pb2.DocumentKind, message.kind), "basis_document.authority"
    if not kind:
        raise Refused(VALUE_REQUIRED, field="basis_document.kind")
    return Basis(
        kind=cast(DocumentKind, kind),
        number=line_from(message.number, field="basis_document.number", longest=100),
        authority=canonicalise(IdentifierKind.USCC, message.authority, today=today, field=field).value.reveal(),
        determined_on=common.date_from(message.determined_on, field="basis_document.determined_on"),
        effective_on=common.date_from(message.effective_on, field="basis_document.effective_on"),
    )


def leniency_from(message: pb.LeniencyAnswer) -> Leniency:
    """Read the answer to the leniency question; it always gives reasons."""
    return Leniency(
        under_age=message.under_age,
        force_majeure=message.force_majeure,
        unintentional=message.unintentional,
        slight=message.slight,
        reasons=text_from(message.reasons, field="leniency.reasons", longest=2000),
    )


def state_from(number: int) -> State | None:
    """Read a state; None where it is not said."""
    if not number:
        return None
    word = common.word_from(pb.CaseState, number)
    if not word:
        raise Refused(VALUE_INVALID, field="state")
    return State(word)


def viewed(view: View) -> pb.Case:
    """A case with its party."""
    message = case_message(view.case, view.today)
    message.party.CopyFrom(
        common_pb2.Party(identifier=common.identifier_message(view.party.identifier), name=view.party.name.reveal())
    )
    return message


def case_message(case: Case, today: date) -> pb.Case:
    """A case without its party, as it stands on a day."""
    window, due = case.window, case.due
    return mirrored(
        pb.Case,
        case,
        without=("party",),
        steps=[
            mirrored(
                pb.CaseStep,
                step.move,
                at=common.timestamp(step.at),
                officer=step.move.officer.reveal(),
                artefact_digest=step.digest,
            )
            for step in case.steps
        ],
        window_ends_before=common.iso(window_ends_before(window) if window else None),
        due_on=common.iso(due.on if due else None),
        due_provisional=due.provisional if due else False,
        overdue=due is not None and today > due.on,
    )


def listing_message(listing: Listing) -> pb.Listing:
    """A listing."""
    return mirrored(pb.Listing, listing, measure_codes=listing.measures)
