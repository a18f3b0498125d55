"""What somebody with the log's key, or anybody who reaches it, can do to the witness: nothing that it forgets."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chengxin.proofs import base64text, consistency_proof, cosignature, leaf_hash, receipt, root_from_leaf_hashes
from chengxin.proofs.checkpoint import Checkpoint, sign_checkpoint
from chengxin.proofs.positions import SourcePosition
from chengxin.witness.memory import Memory, adopt, key_file
from chengxin.witness.server import serve
from tests.services.audit.journals import KEY, ORIGIN, VKEY


@dataclass
class Witness:
    """A witness as its own server on loopback."""

    memory: Memory
    url: str

    def submit(self, old: int, signed: str, proof: list[bytes] | None = None) -> tuple[int, str]:
        """POST /add-checkpoint: status and answer."""
        lines = [f"old {old}", *map(base64text.encode, proof or [])]
        body = "\n".join(lines).encode() + b"\n\n" + signed.encode()
        return self.post(body)

    def post(self, body: bytes) -> tuple[int, str]:
        request = urllib.request.Request(f"{self.url}/add-checkpoint", data=body)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@contextmanager
def witnessing(folder: Path) -> Iterator[Witness]:
    """Run a witness of the log in a folder."""
    key_file(folder)
    memory = Memory(folder, [VKEY], name="witness.test")
    server = serve(memory, host="127.0.0.1", port=0)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield Witness(memory, f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()
        memory.close()


def _signed(hashes: list[bytes], **changes: Any) -> str:
    head = Checkpoint(ORIGIN, len(hashes), root_from_leaf_hashes(hashes))
    return sign_checkpoint(replace(head, **changes), KEY)


HASHES = [leaf_hash(bytes([number])) for number in range(12)]
FORKED = [leaf_hash(b"forked"), *HASHES[1:]]


def test_a_witness_refuses_a_fork_a_shrunken_log_and_a_forged_one_and_goes_on(tmp_path: Path) -> None:
    with witnessing(tmp_path) as witness:
        status, line = witness.submit(0, _signed(HASHES[:5]))
        assert status == 200
        assert cosignature.verify(_signed(HASHES[:5]) + line, witness.memory.vkey) > 0
        refused = {
            "fork of the same size": witness.submit(5, _signed(FORKED[:5])),
            "fork that has grown": witness.submit(5, _signed(FORKED[:9]), consistency_proof(FORKED[:9], 5)),
            "growth with another's proof": witness.submit(5, _signed(HASHES[:9]), consistency_proof(HASHES, 5)),
            "growth without a proof": witness.submit(5, _signed(HASHES[:9])),
            "shrunken": witness.submit(5, _signed(HASHES[:4])),
            "as if it began": witness.submit(0, _signed(FORKED[:9])),
            "emptied": witness.submit(0, _signed([])),
            "by another key": witness.submit(
                5,
                sign_checkpoint(Checkpoint(ORIGIN, 9, root_from_leaf_hashes(HASHES[:9])), Ed25519PrivateKey.generate()),
                consistency_proof(HASHES[:9], 5),
            ),
            "of another log": witness.submit(0, sign_checkpoint(Checkpoint("elsewhere.test/log", 1, HASHES[0]), KEY)),
        }
        assert {how: status for how, (status, _) in refused.items()} == {
            "fork of the same size": 409,
            "fork that has grown": 422,
            "growth with another's proof": 422,
            "growth without a proof": 422,
            "shrunken": 400,
            "as if it began": 409,
            "emptied": 409,
            "by another key": 403,
            "of another log": 404,
        }
        assert witness.submit(5, _signed(HASHES[:9]), consistency_proof(HASHES[:9], 5))[0] == 200
        assert witness.submit(9, _signed(HASHES[:9]))[0] == 200


def test_a_witness_that_is_restarted_remembers(tmp_path: Path) -> None:
    with witnessing(tmp_path) as witness:
        assert witness.submit(0, _signed(HASHES[:5]))[0] == 200
    with witnessing(tmp_path) as witness:
        assert witness.submit(0, _signed(FORKED[:9]))[0] == 409
        assert witness.submit(5, _signed(FORKED[:9]), consistency_proof(FORKED[:9], 5))[0] == 422
        assert witness.submit(5, _signed(HASHES[:9]), consistency_proof(HASHES[:9], 5))[0] == 200


def test_signature_lines_that_a_stranger_adds_do_not_stop_a_witness(tmp_path: Path) -> None:
    junk = "".join(f"\u2014 stranger{at} {base64text.encode(bytes(8))}\n" for at in range(63))
    with witnessing(tmp_path) as witness:
        assert witness.submit(0, _signed(HASHES[:5]))[0] == 200
        witness.submit(5, _signed(HASHES[:5]) + junk)
        assert witness.submit(5, _signed(HASHES[:9]), consistency_proof(HASHES[:9], 5))[0] == 200
        witness.submit(9, _signed(HASHES[:9]) + junk)
    with witnessing(tmp_path) as witness:
        assert witness.submit(9, _signed(HASHES), consistency_proof(HASHES, 9))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\n\n",
        b"old 5\n\n",
        b"old -1\n\nx\n",
        b"old 0",
        b"old 00\n\n" + _signed(HASHES[:5]).encode(),
        b"old 0\nAAAA\n\n" + _signed(HASHES[:5]).encode(),
        b"old 0\n\n" + _signed(HASHES[:5]).encode()[:-1],
        b"old 0\n" + b"\n".join([base64text.encode(bytes(32)).encode()] * 64) + b"\n\n" + _signed(HASHES[:5]).encode(),
        b"\xff\xfe",
        b"old 99999999999999999999\n\n" + _signed(HASHES[:5]).encode(),
        b"x" * 70_000,
    ],
)
def test_what_is_no_request_is_refused_and_the_witness_goes_on(tmp_path: Path, body: bytes) -> None:
    with witnessing(tmp_path) as witness:
        status, _ = witness.post(body)
        assert 400 <= status < 500
        assert witness.submit(0, _signed(HASHES[:5]))[0] == 200


def test_a_source_that_goes_back_or_begins_anew_is_not_cosigned_until_somebody_adopts_it(tmp_path: Path) -> None:
    one, two = "a" * 32, "b" * 32

    def at(xid: int, entry_id: int, epoch: str = one) -> tuple[str, ...]:
        return (_line(epoch, xid, entry_id),)

    with witnessing(tmp_path) as witness:
        first = witness.submit(0, _signed(HASHES[:5], extensions=at(9, 9)))
        if first[0] != 200:  # The first epoch is adopted by the operator too.
            adopt(tmp_path, ORIGIN, "repair", one, reason="样例")
            first = witness.submit(0, _signed(HASHES[:5], extensions=at(9, 9)))
        assert first[0] == 200
        proof = consistency_proof(HASHES[:9], 5)
        assert witness.submit(5, _signed(HASHES[:9], extensions=at(8, 8)), proof)[0] == 422
        assert witness.submit(5, _signed(HASHES[:9], extensions=at(1, 1, two)), proof)[0] == 422
        assert witness.submit(5, _signed(HASHES[:9], extensions=()), proof)[0] == 422
        adopt(tmp_path, ORIGIN, "repair", two, reason="样例")
        assert witness.submit(5, _signed(HASHES[:9], extensions=at(1, 1, two)), proof)[0] == 200


def _line(epoch: str, xid: int, entry_id: int) -> str:
    return SourcePosition(source="repair", epoch=epoch, xid=xid, entry_id=entry_id, commitment=bytes(32)).line()


def test_the_verifier_needs_nothing_of_the_house(tmp_path: Path) -> None:
    """A receipt is checked by a process that can import nothing but what departments install."""
    text = receipt.build(entry=b"x", index=0, proof=[], checkpoint=_signed([leaf_hash(b"x")]))
    file = tmp_path / "one.tlog-proof"
    file.write_text(text)
    code = (
        "import sys\n"
        "for name in ('foundation', 'services', 'gateway', 'standalone'): sys.modules[name] = None\n"
        "from chengxin.proofs import verify_receipt\n"
        f"print(verify_receipt(open({str(file)!r}).read(), {VKEY!r}).index)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
