"""Fresh databases for tests: schemas migrated, every login role ready."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from foundation.db import Database
from foundation.db.migrate import READER, ROLES, create_roles, upgrade
from foundation.settings import role_dsn
from standalone.engines import without_user


@dataclass(frozen=True, slots=True)
class SchemaDatabase:
    """A database that holds one or more offices' schemas."""

    admin_dsn: str
    secrets: Path
    """Folder with one file per login role, as `CHENGXIN_DATABASE_SECRETS` wants it."""

    @property
    def url(self) -> str:
        """Its URL without a role, as `CHENGXIN_DATABASE_URL` wants it."""
        return without_user(self.admin_dsn)

    @property
    def name(self) -> str:
        """The database's name."""
        return urlsplit(self.admin_dsn).path.lstrip("/")

    def dsn(self, role: str) -> str:
        """The connection string of a login role, for example "blacklist_app"."""
        return role_dsn(self.admin_dsn, role, (self.secrets / role).read_text().strip())

    def open(self, role: str, *, pool: int = 8) -> Database:
        """An office's pool for a login role; the role's name begins with its schema's."""
        return Database.open(self.dsn(role), schema=role.partition("_")[0], pool=pool)


class Databases:
    """Makes databases on one PostgreSQL server, each copied from a template migrated once a session."""

    def __init__(self, admin_dsn: str, secrets_folder: Path) -> None:
        self.server = admin_dsn
        self._secrets = secrets_folder
        write_passwords(admin_dsn, secrets_folder)
        self._run = f"cx_{secrets.token_hex(4)}"
        self._templates: dict[tuple[tuple[str, ...], bool], str] = {}
        self._made: list[str] = []

    def make(self, *schemas: str, sample: bool = False) -> SchemaDatabase:
        """A new database with these schemas; the clock of a `sample` one can be moved forwards."""
        template = self._template(tuple(sorted(schemas)), sample)
        return self._described(self._create(template=template))

    def make_empty(self) -> SchemaDatabase:
        """A new database without schemas, for a house that makes its own."""
        return self._described(self._create(template="template1"))

    def drop_all(self) -> None:
        """Drop every database made, whoever is still connected."""
        with psycopg.connect(self.server, autocommit=True) as server:
            for name in self._made:
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        self._made.clear()

    def _template(self, schemas: tuple[str, ...], sample: bool) -> str:
        if (schemas, sample) not in self._templates:
            if not self._templates:
                create_roles(self.server, self._secrets)
            template = self._create(template="template1")
            for schema in schemas:
                upgrade(self._described(template).admin_dsn, schema, sample=sample)
            self._templates[schemas, sample] = template
        return self._templates[schemas, sample]

    def _create(self, *, template: str) -> str:
        name = f"{self._run}_{len(self._made)}"
        with psycopg.connect(self.server, autocommit=True) as server:
            # Copied as files: through the log, which is the default, it takes twice the processor's time.
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
            server.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        self._made.append(name)
        return name

    def _described(self, name: str) -> SchemaDatabase:
        parts = urlsplit(self.server)
        return SchemaDatabase(urlunsplit(parts._replace(path=f"/{quote(name)}")), self._secrets)


def write_passwords(admin_dsn: str, folder: Path) -> None:
    """Write the login roles' passwords. Roles belong to a whole server: what shares one must agree on them."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for role in [*(role for roles in ROLES.values() for role in roles), READER]:
        password = hashlib.sha256(f"{admin_dsn}\n{role}".encode()).hexdigest()
        (folder / role).write_text(password)
