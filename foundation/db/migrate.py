"""Creates and upgrades an office's schema: owner and login roles, then its Alembic migrations.

Nothing but the schema's owner owns anything; login roles get what the migrations grant them.
"""

from __future__ import annotations

import secrets
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import NullPool

ROLES: dict[str, tuple[str, ...]] = {
    "catalog": ("catalog_answer", "catalog_change", "catalog_worker", "catalog_archive", "catalog_eraser"),
    "blacklist": ("blacklist_app", "blacklist_eraser"),
    "repair": ("repair_app", "repair_eraser"),
    "audit": ("audit_app", "audit_eraser"),
}
"""The login roles of each schema."""

READER = "audit_reader"
"""The login role that may read every schema's journal."""

SERVICES = Path(__file__).resolve().parent.parent.parent / "services"


def create_roles(admin_dsn: str, secrets_folder: Path) -> None:
    """Create every role that is missing, with a random password in `secrets_folder/<role>` (0400).

    Roles belong to the whole cluster; running it again sets the passwords that the folder holds.
    """
    secrets_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(7400, 0)")
        known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        for schema in ROLES:
            owner = sql.Identifier(f"{schema}_owner")
            if f"{schema}_owner" not in known:
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(owner))
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(owner))
        for role in [role for roles in ROLES.values() for role in roles] + [READER]:
            password = _password(secrets_folder / role)
            verb = "ALTER" if role in known else "CREATE"
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
                    sql.SQL(verb), sql.Identifier(role), sql.Literal(password)
                )
            )


def upgrade(admin_dsn: str, schema: str, *, sample: bool = False, deployment: str = "chengxin") -> None:
    """Bring one office's schema in the database of `admin_dsn` to the newest version.

    `sample` and `deployment` count only at its creation. Needs the roles that `create_roles` makes.
    """
    owner = sql.Identifier(f"{schema}_owner")
    with psycopg.connect(admin_dsn) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(7400, 1)")
        connection.execute(
            sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(sql.Identifier(schema), owner)
        )
    config = Config()
    config.set_main_option("script_location", str(SERVICES / schema / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["house"] = {"schema": schema, "sample": sample, "deployment": deployment}
    engine = create_engine(make_url(admin_dsn).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        driver.execute(sql.SQL("SET ROLE {}; SET search_path = {}").format(owner, sql.Identifier(schema)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def run_environment() -> None:
    """What each office's `migrations/env.py` does: run the migrations on the connection given by `upgrade`."""
    from alembic import context  # noqa: PLC0415  only there while Alembic runs

    attributes = context.config.attributes
    schema = attributes["house"]["schema"]
    context.configure(connection=attributes["connection"], version_table_schema=schema)
    with context.begin_transaction():
        context.run_migrations()


def install_house(op: ModuleType) -> None:
    """Install what every schema holds (house.sql and the job tables)."""
    from alembic import context  # noqa: PLC0415  only there while Alembic runs

    house = context.config.attributes["house"]
    schema: str = house["schema"]
    roles = ", ".join(ROLES[schema])
    driver = _driver(op)
    for name in ("house.sql", "log.sql", "keys.sql", "erasure.sql"):
        template = resources.files("foundation.db").joinpath(name).read_text(encoding="utf-8")
        driver.execute(template.replace("{schema}", schema).replace("{roles}", roles).encode())
    driver.execute("INSERT INTO house (sample, deployment) VALUES (%s, %s)", (house["sample"], house["deployment"]))
    for package, name in (("procrastinate.sql", "schema.sql"), ("foundation.db", "jobs.sql")):
        driver.execute(resources.files(package).joinpath(name).read_text(encoding="utf-8").encode())
    driver.execute(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_events, procrastinate_workers, "
        f"procrastinate_periodic_defers TO {roles};"
        f"GRANT USAGE ON SEQUENCE procrastinate_jobs_id_seq, procrastinate_events_id_seq TO {roles}".encode()
    )


def create_schema(op: Any, module: str, *parts: str) -> None:
    """The first migration of an office: what every schema holds, then the files 0001_<part>.sql beside its `module`."""
    install_house(op)
    for part in parts:
        _driver(op).execute(Path(module).with_name(f"0001_{part}.sql").read_text(encoding="utf-8").encode())


def _driver(op: ModuleType) -> psycopg.Connection:
    driver = op.get_bind().connection.driver_connection  # op is alembic.op, a module that stands for Operations
    assert isinstance(driver, psycopg.Connection)
    return driver


def _password(file: Path) -> str:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32))
        file.chmod(0o400)
    return file.read_text().strip()
