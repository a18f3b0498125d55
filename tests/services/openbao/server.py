"""A real OpenBao for the tests, and what can go wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from foundation.crypto import KeyStoreUnusable
from foundation.crypto.openbao import OpenBaoKeyProvider
from standalone.ca import DevelopmentCa, System
from standalone.enrol import write_identity
from standalone.openbao.server import MOUNT, OpenBaoServer
from standalone.sample import OPERATOR
from tests.support.eventually import eventually

DEPLOYMENT = "openbao-test"
TROUBLES = ("sealed", "stopped", "expired", "without rights")
REMEDIES = {
    "sealed": "unseal it",
    "stopped": "start it",
    "expired": "put a new token into",
    "without rights": "give it the office's policy",
}
"""What the operator is told to do in each trouble."""


@dataclass
class Server:
    """The server, started."""

    bao: OpenBaoServer
    _offices: int = 0

    @classmethod
    def start(cls, folder: Path) -> Server:
        ca = DevelopmentCa(folder / "ca", trust_domain="openbao.test")
        ca.establish(now=datetime.now(UTC))
        system = System(authority=OPERATOR.code, name="openbao", serves=True)
        write_identity(folder / "identity", system, ca=ca, roles=(), days=2, now=datetime.now(UTC))
        bao = OpenBaoServer(
            folder / "openbao", identity=folder / "identity", log=folder / "openbao.log", record=folder / "openbao.json"
        )
        bao.start()
        bao.furnish(("catalog", "audit"))
        return cls(bao)

    def new_office(self) -> str:
        """The name of an office that has its engine, policy and token, and nothing in it."""
        self._offices += 1
        office = f"office{self._offices}"
        self.bao.furnish((office,))
        return office

    def provider(self, office: str, *, token_of: str = "", deployment: str = DEPLOYMENT) -> OpenBaoKeyProvider:
        """The key provider of an office, with its own token or another's."""
        api = self.bao.api(token_of or office)
        return OpenBaoKeyProvider(api, mount=f"{MOUNT}/{office}", deployment=deployment, office=office)

    def requests(self, office: str) -> list[str]:
        """Every request for an office's keys that the server has answered, as its audit log says."""
        lines = [json.loads(line) for line in self.bao.audit.read_text().splitlines()]
        asked = [line["request"] for line in lines if line["type"] == "response"]
        return [f"{one['operation']} {one['path']}" for one in asked if f"{MOUNT}/{office}/" in one["path"]]

    async def suffer(self, trouble: str, office: str) -> None:
        """Bring one of TROUBLES about."""
        if trouble == "sealed":
            self.bao.ask("PUT", "sys/seal", {})
        elif trouble == "stopped":
            self.bao.stop()
        elif trouble == "expired":
            self.give_token(office, policies=[f"{MOUNT}-{office}"], explicit_max_ttl="1s")
            await eventually(lambda: self._refused(office))
        else:
            self.give_token(office, policies=["default"])

    def give_token(self, office: str, **wanted: object) -> None:
        """Put another token in the place of an office's."""
        made = self.bao.ask("POST", "auth/token/create-orphan", wanted)
        file = self.bao.token(office)
        file.chmod(0o600)
        file.write_text(made["auth"]["client_token"])

    def recover(self, trouble: str, office: str) -> None:
        """Do what the operator is told to do."""
        if trouble == "sealed":
            self.bao.unseal()
        elif trouble == "stopped":
            self.bao.start()
        else:
            self.bao.issue_token(office)

    def _refused(self, office: str) -> bool:
        try:
            self.bao.api(office).token_left()
        except KeyStoreUnusable:
            return True
        return False
