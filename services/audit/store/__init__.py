"""What the audit office keeps (the log) and what it reads elsewhere (the offices' journals)."""

from __future__ import annotations

from foundation.db.statements import sql_beside

sql = sql_beside(__file__)
