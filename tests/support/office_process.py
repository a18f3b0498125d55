"""An office as the process that it really is: `python -m services.<office>` with settings from its environment."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from tests.support.databases import SchemaDatabase
from tests.support.eventually import eventually
from tests.support.identities import Identities

ROOT = Path(__file__).resolve().parents[2]


class OfficeProcess:
    """One office. It runs as the system of its own name; `keys` is its key provider's folder."""

    def __init__(self, office: str, identities: Identities, database: SchemaDatabase, **settings: str) -> None:
        folder, own = identities.folder, identities.folder / office
        self._office = office
        self._log = folder / f"{office}.log"
        self._ready = folder / f"{office}.ready"
        self._process: asyncio.subprocess.Process | None = None
        self.address = "127.0.0.1:0"
        self._settings = {
            "PATH": os.environ.get("PATH", ""),
            "CHENGXIN_DATABASE_URL": database.url,
            "CHENGXIN_DATABASE_SECRETS": str(database.secrets),
            "CHENGXIN_CERT": str(own / "cert.pem"),
            "CHENGXIN_KEY": str(own / "key.pem"),
            "CHENGXIN_CA": str(own / "ca.pem"),
            "CHENGXIN_KEYS": str(folder / f"{office}-keys"),
            "CHENGXIN_ISSUERS": str(folder / "issuers.json"),
            "CHENGXIN_TRUST_DOMAIN": identities.trust_domain,
            "CHENGXIN_READY_FILE": str(self._ready),
            **settings,
        }
        self.keys = Path(self._settings["CHENGXIN_KEYS"])

    @property
    def log(self) -> str:
        """What the process has logged."""
        return self._log.read_text()

    async def start(self, **settings: str) -> None:
        """Start it, on the same port as before."""
        self._ready.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", f"services.{self._office}"),
                cwd=ROOT,
                env={**self._settings, "CHENGXIN_LISTEN": self.address, **settings},
                stderr=log,
            )
        await eventually(self._serves, within=60)
        self.address = self._ready.read_text().strip()

    async def stop(self) -> None:
        """Stop it in order."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.terminate()
        await asyncio.wait_for(self._process.wait(), 30)
        self._process = None

    async def kill(self) -> None:
        """Kill it without warning."""
        assert self._process is not None
        self._process.kill()
        await self._process.wait()
        self._process = None

    def _serves(self) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, self.log
        return self._ready.exists()
