"""Steps that an official takes at an office: the call carries an assertion that a staff identity provider has signed."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import grpc
import typer
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from google.protobuf.message import Message

from chengxin.cli.options import Line
from chengxin.cli.output import Failed
from chengxin.client import connection
from chengxin.client.errors import error_from
from chengxin.client.identity import Identity
from chengxin.client.requests import how_to_ask


@dataclass(kw_only=True)
class Official(Line):
    """The official who acts through the calling system, by an assertion."""

    assertion: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The official's assertion (JWT) from your staff identity provider, bound to this identity; "
            "it is good for two minutes.",
        ),
    ] = None
    sample_official: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="In a sample house: let its development identity provider assert the official NAME."
        ),
    ] = None

    def at(self, office: str, role: str) -> Desk:
        """Step up to an office's desk; a sample official does so with `role`. Raises IdentityError, Failed."""
        desk = Desk(self.identity, office)
        try:
            if self.assertion is not None:
                desk.bring(self.assertion.read_text(encoding="ascii").strip())
            elif self.sample_official:
                desk.bring(_asserted(desk.identity, self.sample_official, role))
        except (OSError, ValueError, KeyError) as error:
            raise Failed(f"There is no assertion to be had: {error}.", "Sign in, and try again.") from None
        return desk


class Desk:
    """An enrolled system's line to one office; calls carry the assertion of the official who brings one."""

    def __init__(self, folder: Path | None, office: str) -> None:
        self.identity = Identity.open(folder)
        self.metadata: tuple[tuple[str, str], ...] = ()
        self.channel = grpc.secure_channel(
            self.identity.address(office), connection.credentials(self.identity), connection.OPTIONS
        )

    def bring(self, assertion: str) -> None:
        """Let an official act through this line."""
        self.metadata = (("chengxin-assertion", assertion),)

    def ask(self, request: Message) -> Any:
        """Ask what the request's kind is for. Raises RefusedError, UnavailableError."""
        _, path, answer = how_to_ask(type(request))
        method = self.channel.unary_unary(path, type(request).SerializeToString, answer.FromString)
        try:
            return method(request, timeout=connection.UNARY_SECONDS, metadata=self.metadata)
        except grpc.RpcError as error:
            raise error_from(error) from None


def _asserted(identity: Identity, official: str, role: str) -> str:
    certificate = x509.load_pem_x509_certificate(identity.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    uri = names.get_values_for_type(x509.UniformResourceIdentifier)[0]
    asked = {
        "sub": official,
        "authority": uri.split("/")[4],
        "roles": [role],
        "fingerprint": certificate.fingerprint(SHA256()).hex(),
    }
    request = urllib.request.Request(  # noqa: S310  # the gateway's address is the identity folder's
        f"{identity.gateway}/dev-idp/officer-assertion",
        json.dumps(asked).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=connection.UNARY_SECONDS) as answer:  # noqa: S310  # as above
        return json.load(answer)["assertion"]
