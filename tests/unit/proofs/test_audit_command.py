"""`chengxin audit verify`, as its user meets it: a log served over HTTP, files, and lines on standard input."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from chengxin.cli.audit import app
from chengxin.proofs import merkle, note, receipt, tiles
from chengxin.proofs.checkpoint import Checkpoint, sign_checkpoint

from .test_certificates import CERTIFICATE
from .test_claims import CONSISTENCY, INCLUSION, line
from .test_receipts import JOURNAL_ENTRY

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
NAME = "log.example/chengxin"
VKEY = note.vkey(NAME, KEY.public_key())
HASHES = [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(700)]


def verify(*arguments: object, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(app, ["verify", *map(str, arguments)], input=stdin)


def checkpoint_of(size: int) -> str:
    return sign_checkpoint(Checkpoint(NAME, size, merkle.root_from_leaf_hashes(HASHES[:size])), KEY)


class ServedLog:
    """The paths of a log, served by a real HTTP server on a free port."""

    def __init__(self, size: int) -> None:
        self.paths: dict[str, bytes] = {"checkpoint": checkpoint_of(size).encode()}
        for tile, content in tiles.grow(0, {}, HASHES[:size]).items():
            self.paths[tiles.path(tile, len(content) // 32)] = content
        paths = self.paths

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = paths.get(self.path.lstrip("/"))
                self.send_response(404 if body is None else 200)
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def log() -> Iterator[ServedLog]:
    served = ServedLog(700)
    yield served
    served.server.shutdown()
    served.server.server_close()


def test_each_line_gets_its_own_answer_and_one_invalid_line_fails_the_whole() -> None:
    result = verify(stdin=b"\n".join([line(INCLUSION), b"nonsense", line(CONSISTENCY)]))
    assert result.stdout.split() == ["valid", "invalid", "valid"]
    assert result.exit_code == 1


def test_valid_lines_alone_exit_with_zero() -> None:
    result = verify(stdin=line(INCLUSION) + b"\n" + line(CONSISTENCY) + b"\n")
    assert (result.stdout, result.exit_code) == ("valid\nvalid\n", 0)


def test_an_endless_line_is_one_invalid_line() -> None:
    result = verify(stdin=b"x" * 300_000 + b"\n" + line(INCLUSION))
    assert (result.stdout, result.exit_code) == ("invalid\nvalid\n", 1)


def test_an_empty_line_counts_as_a_line() -> None:
    assert verify(stdin=line(INCLUSION) + b"\n\n").stdout == "valid\ninvalid\n"


def test_a_whole_log_is_walked_and_its_signature_verified(log: ServedLog) -> None:
    result = verify("--log", log.url, "--vkey", VKEY, "--json")
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert (said["valid"], said["size"], said["tiles"], said["signature"]) == (True, 700, 4, "verified")


def test_without_a_key_it_is_said_that_the_signature_was_not_checked(log: ServedLog) -> None:
    result = verify("--log", log.url)
    assert result.exit_code == 0
    assert "signature: not checked" in result.stdout


def test_a_log_that_grew_from_the_earlier_checkpoint_is_valid(log: ServedLog, tmp_path: Path) -> None:
    seen = tmp_path / "checkpoint"
    for size in (0, 1, 256, 300, 700):
        seen.write_text(checkpoint_of(size), encoding="utf-8")
        assert verify("--log", log.url, "--vkey", VKEY, "--seen", seen).exit_code == 0


def test_a_log_that_does_not_begin_with_the_earlier_checkpoint_is_invalid(log: ServedLog, tmp_path: Path) -> None:
    seen = tmp_path / "checkpoint"
    for head in (Checkpoint(NAME, 300, HASHES[0]), Checkpoint(NAME, 701, HASHES[0])):
        seen.write_text(sign_checkpoint(head, KEY), encoding="utf-8")
        result = verify("--log", log.url, "--vkey", VKEY, "--seen", seen)
        assert (result.stdout, result.exit_code) == ("invalid\n", 1)


@pytest.mark.parametrize("path", ["tile/0/000", "tile/0/002.p/188", "tile/1/000.p/2"])
def test_one_flipped_bit_in_any_tile_is_found(log: ServedLog, path: str) -> None:
    log.paths[path] = log.paths[path][:-1] + bytes([log.paths[path][-1] ^ 1])
    result = verify("--log", log.url, "--vkey", VKEY)
    assert (result.stdout, result.exit_code) == ("invalid\n", 1)


@pytest.mark.parametrize("change", [None, b"", b"x" * 9000])
def test_a_missing_empty_or_long_tile_is_found(log: ServedLog, change: bytes | None) -> None:
    log.paths.pop("tile/0/001")
    if change is not None:
        log.paths["tile/0/001"] = change
    assert verify("--log", log.url, "--vkey", VKEY).exit_code == 1


def test_a_checkpoint_signed_by_another_key_is_invalid(log: ServedLog) -> None:
    other = note.vkey(NAME, Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key())
    assert verify("--log", log.url, "--vkey", other).exit_code == 1
    log.paths["checkpoint"] = b"\xff"
    assert verify("--log", log.url, "--vkey", VKEY).exit_code == 1


def test_a_log_that_cannot_be_reached_is_not_called_invalid(log: ServedLog) -> None:
    log.server.shutdown()
    log.server.server_close()
    for url in (log.url, "ftp://log.example/", "file:///etc/hostname"):
        result = verify("--log", url)
        assert (result.stdout, result.exit_code) == ("", 2)


def test_a_receipt_file_shows_its_entry(tmp_path: Path) -> None:
    leaf = JOURNAL_ENTRY.encode()
    head = Checkpoint(NAME, 1, merkle.leaf_hash(leaf))
    text = receipt.build(entry=leaf, index=0, proof=[], checkpoint=sign_checkpoint(head, KEY))
    (tmp_path / "receipt").write_text(text, encoding="utf-8")
    (tmp_path / "vkey").write_text(VKEY + "\n", encoding="utf-8")
    (tmp_path / "entry").write_bytes(leaf)
    (tmp_path / "other").write_bytes(leaf + b"\x00")
    shown = verify("--receipt", tmp_path / "receipt", "--vkey", tmp_path / "vkey", "--entry", tmp_path / "entry")
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("valid\n")
    assert "authority: 91430000MA4L16JQ9B" in shown.stdout
    said = json.loads(verify("--receipt", tmp_path / "receipt", "--vkey", VKEY, "--json").stdout)
    assert (said["index"], said["entry"]["entry_id"]) == (0, 42)
    other = verify("--receipt", tmp_path / "receipt", "--vkey", VKEY, "--entry", tmp_path / "other")
    assert (other.stdout, other.exit_code) == ("invalid\n", 1)


def test_a_tampered_or_binary_receipt_is_invalid(tmp_path: Path) -> None:
    file = tmp_path / "receipt"
    for content in (b"", b"\xff\xff", b"c2sp.org/tlog-proof@v1\n"):
        file.write_bytes(content)
        result = verify("--receipt", file, "--vkey", VKEY)
        assert (result.stdout, result.exit_code) == ("invalid\n", 1)


def test_a_certificate_file_is_shown_or_called_invalid(tmp_path: Path) -> None:
    file = tmp_path / "certificate"
    file.write_text(note.sign(CERTIFICATE, NAME, KEY), encoding="utf-8")
    result = verify("--certificate", file, "--vkey", VKEY)
    assert (result.exit_code, result.stdout) == (0, "valid\n" + CERTIFICATE)
    assert json.loads(verify("--certificate", file, "--vkey", VKEY, "--json").stdout)["item_code"] == "penalty.market"
    file.write_text(file.read_text(encoding="utf-8").replace("repaired", "expired", 1), encoding="utf-8")
    assert verify("--certificate", file, "--vkey", VKEY).exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--receipt", "x"],
        ["--certificate", "x"],
        ["--receipt", "x", "--certificate", "y", "--vkey", VKEY],
        ["--entry", "x"],
        ["--seen", "x"],
        ["--receipt", "does-not-exist", "--vkey", VKEY],
        ["--receipt", "x", "--vkey", "not+a+key"],
        ["--receipt", "x", "--vkey", "does-not-exist"],
    ],
)
def test_what_cannot_be_checked_is_said_and_exits_with_two(arguments: list[str]) -> None:
    result = verify(*arguments)
    assert (result.stdout, result.exit_code) == ("", 2)
    assert result.stderr


def test_the_help_teaches() -> None:
    text = CliRunner().invoke(app, ["verify", "--help"], env={"COLUMNS": "120", "TERM": "dumb"}).stdout
    assert "chengxin audit verify --receipt answer.tlog-proof --vkey log.vkey" in text
    assert '"kind":"consistency"' in text
