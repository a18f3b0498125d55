"""Writes the generated documents and collects the pages' texts: `python -m scripts.documents [--check]`.

With `--check` it says which are stale, and which texts have no translation.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from scripts import clauses, refusals, settings, texts

DOCS = Path(__file__).resolve().parent.parent / "docs"
DOCUMENTS: dict[str, Callable[[], str]] = {
    "refusals.md": refusals.text,
    "settings.md": settings.text,
    "clauses.md": clauses.text,
}


def stale(docs: Path = DOCS) -> list[str]:
    """The generated documents in `docs` that are not what the code gives now."""
    return [name for name, text in DOCUMENTS.items() if _read(docs / name) != text()]


def write(docs: Path = DOCS) -> None:
    """Write all of them."""
    docs.mkdir(exist_ok=True)
    for name, text in DOCUMENTS.items():
        (docs / name).write_text(text(), encoding="utf-8")
    for file, text in texts.files().items():
        file.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write, or check; gives the exit code."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m scripts.documents [--check]", file=sys.stderr)
        return 2
    if not arguments:
        write()
        return 0
    found = [f"docs/{name} is stale: run make docs" for name in stale()]
    for file, text in texts.files().items():
        if _read(file) != text:
            found.append(f"{file} is stale: run make docs, and translate what is new")
        found += [f"{file} does not translate: {text}" for text in texts.untranslated(file)]
    print(*found, sep="\n", end="\n" if found else "", file=sys.stderr)
    return 1 if found else 0


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
