"""Steps that an official takes at an office: the call carries an assertion that a staff identity provider has signed."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import grpc
import typer
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256

from chengxin.cli.output import Failed
from chengxin.client import connection
from chengxin.client.errors import error_from
from chengxin.client.identity import Identity

A = TypeVar("A")

AssertionFile = Annotated[
    Path | None,
    typer.Option(
        "--assertion",
        metavar="FILE",
        help="The official's assertion (JWT) from your staff identity provider, bound to this identity; "
        "it is good for two minutes.",
    ),
]
SampleOfficial = Annotated[
    str | None,
    typer.Option(
        "--sample-official",
        metavar="NAME",
        help="In a sample house: let its development identity provider assert the official NAME.",
    ),
]


class Desk:
    """An enrolled system's line to one office, and the official who acts through it."""

    def __init__(self, folder: Path | None, office: str) -> None:
        self._identity = Identity.open(folder)
        self.channel = grpc.secure_channel(
            self._identity.address(office), connection.credentials(self._identity), connection.OPTIONS
        )

    def ask(self, method: Callable[..., A], request: Any, assertion: str = "") -> A:
        """Call a method. Raises RefusedError, UnavailableError."""
        metadata = [("chengxin-assertion", assertion)] if assertion else []
        try:
            return method(request, timeout=connection.UNARY_SECONDS, metadata=metadata)
        except grpc.RpcError as error:
            raise error_from(error) from None

    def assertion(self, file: Path | None, sample: str | None, *roles: str) -> str:
        """The official's assertion from the file, or of a sample official with `roles`. Raises Failed."""
        try:
            if file is not None:
                return file.read_text(encoding="ascii").strip()
            return self._sample(sample, roles) if sample else ""
        except (OSError, ValueError, KeyError) as error:
            raise Failed(f"There is no assertion to be had: {error}.", "Sign in, and try again.") from None

    def _sample(self, official: str, roles: tuple[str, ...]) -> str:
        certificate = x509.load_pem_x509_certificate(self._identity.certificate)
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uri = names.get_values_for_type(x509.UniformResourceIdentifier)[0]
        asked = {
            "sub": official,
            "authority": uri.split("/")[4],
            "roles": roles,
            "fingerprint": certificate.fingerprint(SHA256()).hex(),
        }
        request = urllib.request.Request(  # noqa: S310  # the gateway's address is the identity folder's
            f"{self._identity.gateway}/dev-idp/officer-assertion",
            json.dumps(asked).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=connection.UNARY_SECONDS) as answer:  # noqa: S310  # as above
            return json.load(answer)["assertion"]
