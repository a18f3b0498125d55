"""The office's document key: notices and decisions leave as signed notes that anybody can verify."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from chengxin.proofs import note

KEY_FILE = "documents.pem"
VKEY_FILE = "documents.vkey"


def document_signer(folder: Path, name: str) -> Callable[[str], str]:
    """Return what signs a document under `name`, with the key in `folder`, which is made where it is missing.

    The public key is put beside it as a vkey, for those who verify. Raises PermissionError where others may
    read the key.
    """
    path = folder / KEY_FILE
    if not path.exists():
        part = folder / f"{KEY_FILE}.{os.getpid()}"
        note.create_key_file(part)
        with contextlib.suppress(FileExistsError):  # another process of the office was first
            os.link(part, path)
        part.unlink()
    key = note.read_key_file(path)
    (folder / VKEY_FILE).write_text(note.vkey(name, key.public_key()) + "\n")
    return lambda text: note.sign(text, name, key)
