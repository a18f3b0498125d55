"""The steps of a case and their only legal order. Source: 54号 clause 8.

调查取证 -> 对照严重失信认定标准 -> 认定失信事实 -> 召开专题会 -> 告知当事人事由和权利 -> (异议 -> 核实反馈) ->
作出行政决定书 -> 送达. The database holds the same table and refuses what is not in it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType


class State(enum.Enum):
    """Where a case stands: the outcome of its last step."""

    INVESTIGATING = "investigating"
    MATCHED = "matched"
    FACTS_FOUND = "facts_found"
    PANEL_HELD = "panel_held"
    NOTIFIED = "notified"
    STATEMENT_PENDING = "statement_pending"
    DECIDED = "decided"
    SERVED = "served"
    LISTED = "listed"
    DROPPED = "dropped"
    CLOSED = "closed"


class Step(enum.Enum):
    """Something that is done in a case and moves it on."""

    OPEN = "open"
    MATCH_STANDARD = "match_standard"
    FIND_FACTS = "find_facts"
    HOLD_PANEL = "hold_panel"
    NOTIFY_PARTY = "notify_party"
    SUBMIT_STATEMENT = "submit_statement"
    ANSWER_STATEMENT = "answer_statement"
    DECIDE_TO_LIST = "decide_to_list"
    DECIDE_TO_DROP = "decide_to_drop"
    SERVE_DECISION = "serve_decision"
    ACKNOWLEDGE_LISTING = "acknowledge_listing"
    CLOSE_LISTING = "close_listing"


LEGAL: Mapping[tuple[State | None, Step], State] = MappingProxyType(
    {
        (None, Step.OPEN): State.INVESTIGATING,
        (State.INVESTIGATING, Step.MATCH_STANDARD): State.MATCHED,
        (State.MATCHED, Step.FIND_FACTS): State.FACTS_FOUND,
        (State.FACTS_FOUND, Step.HOLD_PANEL): State.PANEL_HELD,
        (State.PANEL_HELD, Step.NOTIFY_PARTY): State.NOTIFIED,
        (State.NOTIFIED, Step.SUBMIT_STATEMENT): State.STATEMENT_PENDING,
        (State.STATEMENT_PENDING, Step.ANSWER_STATEMENT): State.NOTIFIED,
        (State.NOTIFIED, Step.DECIDE_TO_LIST): State.DECIDED,
        (State.NOTIFIED, Step.DECIDE_TO_DROP): State.DROPPED,
        (State.DECIDED, Step.SERVE_DECISION): State.SERVED,
        (State.SERVED, Step.ACKNOWLEDGE_LISTING): State.LISTED,
        (State.LISTED, Step.CLOSE_LISTING): State.CLOSED,
    }
)
"""(state before, step) -> state after. What is not here cannot be done."""

PROPOSING = frozenset({Step.OPEN, Step.MATCH_STANDARD, Step.FIND_FACTS})
"""Who took one of these proposed the listing and does not decide it. Source: Administrative Penalty Law arts. 57, 64."""

DECIDING = frozenset({Step.DECIDE_TO_LIST, Step.DECIDE_TO_DROP})

TAKES_EVIDENCE = frozenset({State.INVESTIGATING, State.STATEMENT_PENDING})
"""Evidence is taken before it is held against the standard, and to verify what a statement claims."""
