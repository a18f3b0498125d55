"""The key provider `openbao`: each KEK is wrapped by a key of OpenBao's transit engine, which never leaves it.

Spoken over HTTPS, as documented at openbao.org/api-docs/secret/transit. An office has an engine and a token of its
own; standalone/openbao/*.hcl say what that token may do.
"""

from __future__ import annotations

import base64
import contextlib
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import structlog

from foundation.crypto.errors import KeyGone, KeyStoreUnusable, OpenFailed
from foundation.crypto.kek import checked_name
from foundation.crypto.layout import length_prefixed
from foundation.crypto.provider import FileKeyProvider, KeyProvider, KeyProviderAway
from foundation.settings import OfficeSettings

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TIMEOUT = httpx.Timeout(4.0, connect=2.0)
"""Seconds that an answer, and a connection, may take."""
SYSTEM_SECONDS = 30.0
"""The same for what concerns the server as a whole, such as unsealing it."""
ENDS_SOON_SECONDS = 3 * 86_400
"""A token that can't be renewed and ends within this time is warned of."""
_LOOK_AGAIN_SECONDS, _LOOK_AT_MOST_SECONDS = 60.0, 86_400.0
_KEY = {"type": "aes256-gcm96", "exportable": False, "allow_plaintext_backup": False}
_OK, _FORBIDDEN = 200, 403
_SELF = "auth/token/lookup-self"


def open_key_provider(settings: OfficeSettings, office: str, folder: Path) -> KeyProvider:
    """The key provider of an office, as the settings say; `folder` is that of the file provider.

    Raises KeyStoreUnusable where it can't be used now: a start without keys fails.
    """
    if settings.key_provider == "file":
        return FileKeyProvider(folder, suite=settings.suites.new)
    api = OpenBao(settings.openbao_address, ca=settings.openbao_ca, token=settings.openbao_token)
    mount = f"{settings.openbao_mount}/{office}"
    provider = OpenBaoKeyProvider(api, mount=mount, deployment=settings.deployment, office=office)
    provider.check()
    return provider


class OpenBao:
    """OpenBao's API with one token."""

    def __init__(self, address: str, *, ca: Path | None, token: Path | None) -> None:
        """Prepare it; nothing connects yet. `address`: its https URL; `ca`: who signed its certificate, PEM.

        `token` is read anew for each request, so that whoever renews it only replaces the file. Raises
        KeyStoreUnusable where `ca` can't be read.
        """
        self.address = address.rstrip("/")
        self._token = token
        try:
            trusted = ssl.create_default_context(cafile=ca)
        except OSError as error:
            problem = f"{ca} can't be read as the CA of OpenBao ({error.strerror})."
            raise KeyStoreUnusable(problem, remedy="name a PEM file with CHENGXIN_OPENBAO_CA") from None
        # No proxy of the environment stands between an office and its keys.
        self._http = httpx.Client(base_url=f"{self.address}/v1/", verify=trusted, timeout=TIMEOUT, trust_env=False)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """Ask: status (200, 204, 400 or 404) and answer. Raises KeyProviderAway, KeyStoreUnusable with a remedy."""
        try:
            headers = {"X-Vault-Token": self._token.read_text(encoding="ascii").strip()} if self._token else {}
        except (OSError, ValueError):
            problem = f"The token of the key provider can't be read from {self._token}."
            raise KeyStoreUnusable(problem, remedy="put a valid token there; it is read at each use") from None
        timeout = SYSTEM_SECONDS if path.startswith("sys/") else TIMEOUT
        try:
            response = self._http.request(method, path, json=body, headers=headers, timeout=timeout)
            answer = response.json() if response.content else {}
        except (httpx.HTTPError, ValueError) as error:
            raise KeyProviderAway(
                f"OpenBao at {self.address} does not answer ({error or type(error).__name__}).",
                remedy="start it, or check CHENGXIN_OPENBAO_ADDRESS, CHENGXIN_OPENBAO_CA and the network",
            ) from None
        if response.status_code == _FORBIDDEN:
            raise self.denied(method, path)
        if response.status_code not in {200, 204, 400, 404}:
            sealed = "sealed" in str(answer)
            raise KeyProviderAway(
                f"OpenBao at {self.address} {'is sealed' if sealed else f'fails ({response.status_code})'}.",
                remedy="unseal it (bao operator unseal)" if sealed else "see its log and `bao status`",
            )
        return response.status_code, answer

    def denied(self, method: str, path: str) -> KeyStoreUnusable:
        """Why it said no: an unknown token, or one without the right."""
        if path == _SELF:
            problem = f"OpenBao at {self.address} knows no such token: it has expired or was revoked."
            return KeyStoreUnusable(problem, remedy=f"put a new token into {self._token}; it is read at each use")
        try:
            self.token_left()
        except KeyStoreUnusable as invalid:
            return invalid
        problem = f"The token has no right to {method} {path} at OpenBao."
        return KeyStoreUnusable(problem, remedy="give it the office's policy (standalone/openbao/office.hcl)")

    def token_left(self) -> tuple[float, bool]:
        """The token's seconds from now on (0: it never ends), and whether it can be renewed."""
        told: dict[str, Any] = self.ask("GET", _SELF)[1]["data"]
        return float(told["ttl"]), bool(told.get("renewable"))


class OpenBaoKeyProvider:
    """Keys of one transit engine. Every wrap is bound to deployment, office and the key's name."""

    def __init__(
        self, api: OpenBao, *, mount: str, deployment: str, office: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._api = api
        self._mount = mount
        self._bound_to = (deployment, office)
        self._clock = clock
        self._look_at = clock()

    def __repr__(self) -> str:
        return f"OpenBaoKeyProvider({self._api.address!r}, {self._mount!r})"

    def create(self, name: str) -> None:
        """Make the key `name`; where it exists already, it stays as it is."""
        self._ask("POST", f"keys/{_path(name)}", _KEY)

    def wrap(self, name: str, plaintext: bytes) -> bytes:
        """Wrap a KEK. Raises KeyGone where there is no key `name`."""
        try:
            status, answer = self._use("encrypt", name, plaintext=_base64(plaintext))
        except KeyStoreUnusable:
            # A token that may not make keys by using them is told "denied" about one that is missing.
            if not self._exists(name):
                raise KeyGone(name) from None
            raise
        if status != _OK:
            raise KeyGone(name)
        return str(answer["data"]["ciphertext"]).encode()

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """Unwrap a KEK. Raises KeyGone where there is no key `name`, OpenFailed where it does not open."""
        status, answer = self._use("decrypt", name, ciphertext=wrapped.decode("ascii", "replace"))
        if status == _OK:
            return base64.b64decode(answer["data"]["plaintext"])
        raise KeyGone(name) if "encryption key not found" in str(answer) else OpenFailed()

    def destroy(self, name: str) -> None:
        """Destroy the key `name` for good; where there is none, nothing happens."""
        key = f"keys/{_path(name)}"
        self._ask("POST", f"{key}/config", {"deletion_allowed": True})
        self._ask("DELETE", key)
        if self._exists(name):
            remedy = f"see its audit log; delete the key by hand in the engine {self._mount}"
            raise KeyStoreUnusable(f"OpenBao has not deleted the key {name}.", remedy=remedy)

    def list(self) -> list[str]:
        """The names of the keys there are, sorted."""
        status, answer = self._ask("LIST", "keys")
        names: list[str] = answer["data"]["keys"] if status == _OK else []
        return sorted(name.replace(".", "/") for name in names)

    def check(self) -> None:
        """Raise KeyProviderAway or KeyStoreUnusable where no key could be opened now."""
        self.keep_token()
        path = f"{self._mount}/decrypt/bucket"  # which everybody who opens an office's keys may use
        told = self._api.ask("POST", "sys/capabilities-self", {"paths": [path]})[1]
        if not {"update", "root"}.intersection(told["data"][path]):
            raise self._api.denied("POST", path)

    def keep_token(self) -> None:
        """Renew the token where half its time is over, and warn where it can't be renewed and ends soon.

        Every request does it besides. Raises KeyStoreUnusable where the token is no good.
        """
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_AGAIN_SECONDS
        left, renewable = self._api.token_left()
        if renewable:
            left = float(self._api.ask("POST", "auth/token/renew-self", {})[1]["auth"]["lease_duration"])
        elif 0 < left < ENDS_SOON_SECONDS:
            log.warning("token of the key provider ends soon and can't be renewed", in_s=round(left))
        half = min(left / 2 or _LOOK_AT_MOST_SECONDS, _LOOK_AT_MOST_SECONDS)
        self._look_at = max(self._look_at, now + half)

    def _exists(self, name: str) -> bool:
        return self._ask("GET", f"keys/{_path(name)}")[0] == _OK

    def _use(self, operation: str, name: str, **body: str) -> tuple[int, Any]:
        bound = length_prefixed(b"kek", *(part.encode() for part in (*self._bound_to, name)))
        return self._ask("POST", f"{operation}/{_path(name)}", body | {"associated_data": _base64(bound)})

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        with contextlib.suppress(KeyStoreUnusable):
            self.keep_token()  # what is wrong with the token, the request itself tells
        status, answer = self._api.ask(method, f"{self._mount}/{path}", body)
        if "no handler for route" in str(answer):
            raise KeyStoreUnusable(
                f"OpenBao at {self._api.address} has no transit engine {self._mount}.",
                remedy=f"bao secrets enable -path={self._mount} transit, or set CHENGXIN_OPENBAO_MOUNT",
            )
        return status, answer


def _path(name: str) -> str:
    return checked_name(name).replace("/", ".")


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
