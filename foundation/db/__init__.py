"""PostgreSQL: pool, transactions, the house's clock, migrations."""

from foundation.db.database import Database, Row, Transaction

__all__ = ["Database", "Row", "Transaction"]
