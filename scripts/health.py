"""Asks the office in this container whether it serves: `python -m scripts.health`, exit code 0 or 1.

A probe of the cluster can't present a certificate; this presents the office's own. Settings as the office's:
CHENGXIN_LISTEN, CHENGXIN_CERT, CHENGXIN_KEY, CHENGXIN_CA.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509
from grpc_health.v1 import health_pb2, health_pb2_grpc

PATIENCE_S = 3.0


def serves(environment: Mapping[str, str]) -> bool:
    """Whether the office answers that it serves."""
    certificate = Path(environment["CHENGXIN_CERT"]).read_bytes()
    names = x509.load_pem_x509_certificate(certificate).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    credentials = grpc.ssl_channel_credentials(
        root_certificates=Path(environment["CHENGXIN_CA"]).read_bytes(),
        private_key=Path(environment["CHENGXIN_KEY"]).read_bytes(),
        certificate_chain=certificate,
    )
    port = environment["CHENGXIN_LISTEN"].rpartition(":")[2]
    # The certificate names the office's service, not this machine's loopback address.
    named = [("grpc.ssl_target_name_override", names.value.get_values_for_type(x509.DNSName)[0])]
    with grpc.secure_channel(f"127.0.0.1:{port}", credentials, named) as channel:
        try:
            stub: Any = health_pb2_grpc.HealthStub(channel)  # untyped there
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=PATIENCE_S)
        except grpc.RpcError:
            return False
        return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


if __name__ == "__main__":
    sys.exit(0 if serves(os.environ) else 1)
