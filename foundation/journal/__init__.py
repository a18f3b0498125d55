"""The audit entry, written in the transaction that reads or changes; and its reader side."""

from foundation.journal.entry import Entry, PrivatePart, Receipt
from foundation.journal.writer import Journal, JournalReader

__all__ = ["Entry", "Journal", "JournalReader", "PrivatePart", "Receipt"]
