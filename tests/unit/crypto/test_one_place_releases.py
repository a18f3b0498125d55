"""Plaintext leaves one function of the whole house."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("foundation", "services", "gateway", "standalone", "chengxin")
OPENING = {"decrypt", "decryptor", "decrypt_into", "update_into"}
HOME = "foundation/crypto/suite.py"
RIVAL = "standalone/bench/crypto.py"
"""The benchmark's rival, which opens what it has sealed itself."""


def test_only_release_opens_a_ciphertext() -> None:
    found: dict[str, set[str]] = {}
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            for function in ast.walk(tree):
                if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                    continue
                names = {node.attr for node in ast.walk(function) if isinstance(node, ast.Attribute)}
                if names & OPENING:
                    found.setdefault(str(file.relative_to(ROOT)), set()).add(function.name)
    found.pop(RIVAL)
    # In the cipher's own wrappers, `decrypt` gives the text to `release` alone.
    assert found == {HOME: {"release", "decrypt"}}
