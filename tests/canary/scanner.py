"""Finds planted values wherever they stand, in every encoding in which a program is likely to leave them.

All needles go through one pass of `grep -F`, which looks for thousands at once in files of any content.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes

SHORTEST = 8
"""Bytes that a needle has at least: shorter ones stand in any megabyte by chance."""
TEXTS = {"UTF-8": "utf-8", "UTF-16 LE": "utf-16-le", "UTF-16 BE": "utf-16-be", "GB18030": "gb18030"}
_STANDARD, _URLSAFE = b"+/", b"-_"


@dataclass(frozen=True, slots=True, order=True)
class Leak:
    """A planted value found: where, which by its name, and in what encoding."""

    place: str
    value: str
    encoding: str


def encodings(text: str) -> Iterator[tuple[str, bytes]]:
    """Every form in which `text` is looked for: the encoding's name, and bytes that prove it."""
    for name, codec in TEXTS.items():
        raw = text.encode(codec)
        yield name, raw
        yield from _as_base64(name, raw)
        yield from _as_hex(name, raw)
    for name in ("UTF-8", "GB18030"):
        yield from _as_escapes(name, text.encode(TEXTS[name]))
    escaped = "".join(c if ord(c) < 0x80 else f"\\u{ord(c):04x}" for c in text)
    yield "JSON escapes", escaped.encode()
    yield ("JSON escapes, upper case", re.sub(r"\\u([0-9a-f]{4})", lambda m: "\\u" + m[1].upper(), escaped).encode())


def hashed(text: str) -> Iterator[tuple[str, bytes]]:
    """Unkeyed hashes of `text`: of an identifier or a name they are as good as the text."""
    raw = text.encode()
    digests = {name: hashlib.new(name, raw).digest() for name in ("md5", "sha1", "sha256")}
    sm3 = hashes.Hash(hashes.SM3())
    sm3.update(raw)
    for name, digest in {**digests, "sm3": sm3.finalize()}.items():
        yield name, digest
        yield f"{name}, hex", digest.hex().encode()
        yield f"{name}, hex, upper case", digest.hex().upper().encode()
        yield f"{name}, base64", base64.b64encode(digest).rstrip(b"=")
        yield f"{name}, base64 urlsafe", base64.urlsafe_b64encode(digest).rstrip(b"=")


def _as_base64(name: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The part of the base64 that the neighbours do not change, at each of the three alignments."""
    for before in range(3):
        whole = (before + len(raw)) // 3 * 3 - before
        for alphabet, kind in ((_STANDARD, "base64"), (_URLSAFE, "base64 urlsafe")):
            text = base64.b64encode(bytes(before) + raw[:whole], alphabet)
            yield f"{name}, {kind}, {before} before", text[(before * 8 + 5) // 6 :]


def _as_hex(name: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    yield f"{name}, hex", raw.hex().encode()
    yield f"{name}, hex, upper case", raw.hex().upper().encode()


def _as_escapes(name: str, raw: bytes) -> Iterator[tuple[str, bytes]]:
    quoted = urllib.parse.quote_from_bytes(raw, safe="")
    yield f"{name}, URL", quoted.encode()
    yield f"{name}, URL, lower case", re.sub(r"%[0-9A-F]{2}", lambda m: m[0].lower(), quoted).encode()
    yield f"{name}, \\x", "".join(chr(b) if 0x20 <= b < 0x7F else f"\\x{b:02x}" for b in raw).encode()
    yield f"{name}, octal", "".join(chr(b) if 0x20 <= b < 0x7F else f"\\{b:03o}" for b in raw).encode()


class Scanner:
    """Looks for planted values, each by its name. Values whose unkeyed hash gives them away are `hashed` as well."""

    def __init__(self, planted: Mapping[str, str], *, hashed_too: Iterable[str] = ()) -> None:
        self._needles: dict[bytes, tuple[str, str]] = {}
        for name, text in planted.items():
            forms = [*encodings(text), *(hashed(text) if name in set(hashed_too) else ())]
            for encoding, form in forms:
                needle = max(form.split(b"\n"), key=len)  # grep takes a needle a line
                if len(needle) >= SHORTEST:
                    self._needles.setdefault(needle, (name, encoding))

    def __len__(self) -> int:
        """How many needles there are."""
        return len(self._needles)

    def scan(self, *folders: Path) -> list[Leak]:
        """Look through all files below the folders."""
        found: set[Leak] = set()
        with tempfile.TemporaryDirectory(prefix="chengxin-canary-") as own:
            needles = Path(own) / "needles"
            needles.write_bytes(b"\n".join(self._needles) + b"\n")
            for folder in folders:
                command = [_grep(), "-r", "-a", "-F", "-o", "-H", "--null", "-f", str(needles), "."]
                ended = subprocess.run(
                    command, cwd=folder, env={"LC_ALL": "C", "PATH": os.defpath}, capture_output=True, check=False
                )
                # 1: nothing found. 2 also stands for a file that went away while it was read.
                assert ended.returncode in (0, 1, 2), ended.stderr
                for line in ended.stdout.splitlines():
                    place, _, needle = line.partition(b"\0")
                    name, encoding = self._needles[needle]
                    found.add(Leak(os.fsdecode(place.removeprefix(b"./")), name, encoding))
        return sorted(found)


def _grep() -> str:
    found = shutil.which("grep")
    assert found, "the canary scans with grep"
    return found
