"""What the story counted and measured, and what it expects of it."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(kw_only=True)
class Report:
    """The keys are those of the report file; times are in the unit that the name ends in."""

    records_submitted: int = 0
    records_refused: int = 0
    refusal_reasons: Counter[str] = field(default_factory=Counter[str])
    queries: int = 0
    queries_refused: int = 0
    journal_entries: int = 0
    listings: int = 0
    skipped_step_refusals: int = 0
    repairs: int = 0
    withdrawals_ms: list[float] = field(default_factory=list[float])
    late_answers: int = 0
    expired_answers: int = 0
    certificates: int = 0
    log_size: int = 0
    log_verified: bool = False
    tampering_found: bool = False
    gateway_url: str = ""
    seconds: float = 0.0

    def failures(self) -> list[str]:
        """The expectations of the story that did not hold."""
        expected = {
            "records_submitted: at least 10,000": self.records_submitted >= 10_000,
            "records_refused: 200 to 400": 200 <= self.records_refused <= 400,
            "refusal_reasons: at least 15": len(self.refusal_reasons) >= 15,
            "queries: at least 1,000": self.queries >= 1000,
            "queries_refused: at least one": self.queries_refused >= 1,
            "journal_entries: one for each query at least": self.journal_entries >= self.queries,
            "listings: one": self.listings == 1,
            "skipped_step_refusals: every attempt": self.skipped_step_refusals >= 6,
            "repairs: at least one": self.repairs >= 1,
            "late_answers: none": self.late_answers == 0,
            "expired_answers: none": self.expired_answers == 0,
            "certificates: one for each repair": self.certificates == self.repairs,
            "log_verified": self.log_verified,
            "log_size: every journal entry": self.log_size >= self.journal_entries,
            "tampering_found": self.tampering_found,
        }
        return [claim for claim, held in expected.items() if not held]

    def as_json(self) -> dict[str, Any]:
        """The report as written to the file."""
        times = self.withdrawals_ms
        counted = vars(self) | {
            "refusal_reasons": dict(sorted(self.refusal_reasons.items())),
            "withdrawal_ms": {
                "median": round(statistics.median(times), 1) if times else None,
                "max": round(max(times), 1) if times else None,
            },
            "seconds": round(self.seconds, 1),
            "failed_expectations": self.failures(),
        }
        del counted["withdrawals_ms"]
        return counted

    def write(self, file: Path) -> None:
        """Write the report."""
        file.write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
