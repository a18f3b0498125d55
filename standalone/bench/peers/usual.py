"""The usual build: FastAPI and a SQLAlchemy session. `python -m standalone.bench.peers.usual IDENTITY ADDRESS SUBJECTS`.

As a good team builds it in its first month: asynchronous throughout, uvicorn on uvloop, mutual TLS, a session a request,
one SELECT by an index, one INSERT of the audit row, one commit; on the same PostgreSQL server with the same settings.
Where it could go either way it goes its way: identifiers in clear, no encryption, no check of who asks, no ledger of what
was disclosed, no change feed, no limits, no line in a log (its own access log, which is usually on, is off). SUBJECTS is
a file of the parties that it begins with a record about. httptools and asyncpg, which some take, are no part of this
project.
"""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel, Field
from sqlalchemy import BigInteger, Identity, String, create_engine, select, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

POOL = 20
"""Connections: enough for commits to share a flush to disk."""
FILL = """
INSERT INTO record (subject, item_code, determined_on, fields)
SELECT subject, 'cn.penalty', current_date - 100, '{"facts": "样例：经查证属实。", "fine_yuan": "10000.00"}'
FROM unnest(CAST(:subjects AS text[])) AS subject
"""


class Base(DeclarativeBase):
    """Its tables."""

    type_annotation_map = {datetime: TIMESTAMP(timezone=True), dict[str, str]: JSONB, list[str]: ARRAY(String)}  # noqa: RUF012


class Record(Base):
    """A record about a party."""

    __tablename__ = "record"
    record_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    subject: Mapped[str] = mapped_column(index=True)
    item_code: Mapped[str]
    determined_on: Mapped[date]
    fields: Mapped[dict[str, str]]
    ended_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who asked about whom, and what was found."""

    __tablename__ = "audit_entry"
    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    subject: Mapped[str] = mapped_column(index=True)
    purpose: Mapped[str]
    matter: Mapped[str]
    officer: Mapped[str]
    query_id: Mapped[UUID]
    items: Mapped[list[str]]


class Question(BaseModel):
    """On what authority, and about whom."""

    purpose: str = Field(min_length=1, max_length=100)
    matter: str = Field(min_length=1, max_length=100)
    officer: str = Field(min_length=1, max_length=100)
    query_id: UUID
    subject: str = Field(pattern="^[0-9A-Z]{18}$")


class Answer(BaseModel):
    """Whether anything is known, and the entry of this look."""

    found: bool
    items: list[str]
    entry_id: int
    as_of: datetime


def fill(dsn: str, subjects: Sequence[str]) -> None:
    """Make the tables, with one record about each subject."""
    engine = create_engine(dsn)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text(FILL), {"subjects": list(subjects)})
        connection.execute(text("ANALYZE"))
    engine.dispose()


app = FastAPI()


async def opened(request: Request) -> AsyncGenerator[AsyncSession]:
    """The session of a request."""
    async with request.app.state.sessions() as session:
        yield session


@app.post("/check")
async def check(question: Question, session: Annotated[AsyncSession, Depends(opened)]) -> Answer:
    """Look, write the audit row, answer."""
    in_force = select(Record).where(Record.subject == question.subject, Record.ended_at.is_(None))
    records = (await session.scalars(in_force)).all()
    items = sorted({record.item_code for record in records})
    entry = AuditEntry(at=datetime.now(UTC), items=items, **question.model_dump())
    session.add(entry)
    await session.commit()
    return Answer(found=bool(items), items=items, entry_id=entry.entry_id, as_of=entry.at)


def serve(identity: Path, address: str, subjects: Path, dsn: str) -> None:
    """Fill the database and answer until ended."""
    fill(dsn, subjects.read_text().split())
    engine = create_async_engine(dsn, pool_size=POOL, max_overflow=0)
    app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
    host, _, port = address.partition(":")
    options: dict[str, Any] = {"ssl_certfile": identity / "cert.pem", "ssl_keyfile": identity / "key.pem"}
    options |= {"ssl_ca_certs": str(identity / "ca.pem"), "ssl_cert_reqs": ssl.CERT_REQUIRED}
    uvicorn.run(app, host=host, port=int(port), loop="uvloop", access_log=False, log_level="warning", **options)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), os.environ["BENCH_DSN"])
