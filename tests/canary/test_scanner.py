"""The scanner sees a planted value in every encoding, wherever it begins, and sees nothing that is not there."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import random
import urllib.parse
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes

from tests.canary.scanner import Leak, Scanner, encodings, hashed

NAME, NUMBER = "样例彧翀赟旻公司", "439999193209170019"
SCANNER = Scanner({"name": NAME, "number": NUMBER}, hashed_too=["name", "number"])


def sm3(text: str) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(text.encode())
    return digest.finalize()


WRITTEN = {
    "UTF-8": lambda t: t.encode(),
    "UTF-16 LE": lambda t: t.encode("utf-16-le"),
    "UTF-16 BE": lambda t: t.encode("utf-16-be"),
    "GB18030": lambda t: t.encode("gb18030"),
    "base64": lambda t: base64.b64encode(t.encode()),
    "base64 of what holds it": lambda t: base64.b64encode(f"x{t}y".encode()),
    "base64 of what holds it later": lambda t: base64.b64encode(f"xx{t}yy".encode()),
    "base64 urlsafe": lambda t: base64.urlsafe_b64encode(f"\u00ff\u00fe{t}?>".encode()),
    "base64 of GB18030": lambda t: base64.b64encode(t.encode("gb18030")),
    "base64 of UTF-16": lambda t: base64.b64encode(t.encode("utf-16-le")),
    "hex": lambda t: t.encode().hex().encode(),
    "HEX": lambda t: t.encode().hex().upper().encode(),
    "bytea": lambda t: b"\\x" + t.encode().hex().encode(),
    "URL": lambda t: urllib.parse.quote(t).encode(),
    "url": lambda t: urllib.parse.quote(t).lower().encode(),
    "URL of GB18030": lambda t: urllib.parse.quote(t, encoding="gb18030").encode(),
    "JSON": lambda t: json.dumps(t).encode(),
    "JSON, upper case": lambda t: json.dumps(t).replace("\\u", "U").upper().replace("U", "\\u").encode(),
    "repr of bytes": lambda t: repr(t.encode()).encode(),
    "octal": lambda t: "".join(f"\\{b:03o}" if b > 0x7E else chr(b) for b in t.encode()).encode(),
    "md5": lambda t: hashlib.md5(t.encode()).digest(),
    "sha1 hex": lambda t: hashlib.sha1(t.encode()).hexdigest().encode(),
    "sha256 HEX": lambda t: hashlib.sha256(t.encode()).hexdigest().upper().encode(),
    "sha256 base64": lambda t: base64.b64encode(hashlib.sha256(t.encode()).digest()),
    "sm3": sm3,
    "sm3 hex": lambda t: sm3(t).hex().encode(),
    "sm3 base64 urlsafe": lambda t: base64.urlsafe_b64encode(sm3(t)),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize(("which", "text"), [("name", NAME), ("number", NUMBER)])
def test_a_planted_value_is_found_in_each_encoding(tmp_path: Path, written: object, which: str, text: str) -> None:
    noise = random.Random(1).randbytes(5000)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(noise + b"\n" + written(text) + noise)  # type: ignore[operator]
    found = SCANNER.scan(tmp_path)
    assert {(leak.place, leak.value) for leak in found} == {("deep/file", which)}


def test_every_form_that_is_looked_for_is_found(tmp_path: Path) -> None:
    """Each needle once: none is lost on its way through the scanner."""
    for text, which in ((NAME, "name"), (NUMBER, "number")):
        for place, (_, form) in enumerate([*encodings(text), *hashed(text)]):
            (tmp_path / f"{which}-{place}").write_bytes(b"\0" + form + b"\0")
    assert {leak.place for leak in SCANNER.scan(tmp_path)} == {file.name for file in tmp_path.iterdir()}


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(os.urandom(2**20))
    (tmp_path / "alike").write_text(f"{NAME[:-3]} {NUMBER[:-1]}X {NUMBER[1:]} {NAME[1:4]}")
    assert SCANNER.scan(tmp_path) == []


def test_it_says_where_what_and_how(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(f'{{"event": "{NAME}"}}\n')
    assert SCANNER.scan(tmp_path) == [Leak("log", "name", "UTF-8")]
