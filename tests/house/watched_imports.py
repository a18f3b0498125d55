"""Imports each module named in a process of its own and prints what that did, as JSON by module.

The processes are forks of one that has loaded other people's libraries, so that what is seen is the module's own doing,
and so that four hundred imports take seconds. Of ours it has loaded nothing but the packages below the module's, which
know nothing of it (`lint-imports`) and whose own modules were watched before.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from tests.house.own_code import PACKAGES, shipped, tree

_DEEDS = ("socket.", "subprocess.", "os.mkdir", "os.remove", "os.rename", "os.putenv", "_thread.start_new_thread")
_READ_BY_IMPORT = (".py", ".pyc", ".so")
_BELOW = ("chengxin", "foundation")
"""Packages that others build on, the lowest first."""
_TIME_ZONES = ("zoneinfo", "tzdata")


def _load_libraries() -> None:
    """Import what our modules import at their top from others."""
    names: set[str] = set()
    for file in shipped():
        for node in tree(file).body:
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
    for name in sorted(names):
        if name.partition(".")[0] not in {*PACKAGES, "tests"}:
            try:
                importlib.import_module(name)
            except ImportError:
                continue  # a name within a module, or a library that only some platforms have


def _watched(module: str) -> list[str]:
    deeds: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if not watching:
            return
        if event == "open":
            path, mode, flags = arguments
            name = os.fspath(path) if isinstance(path, str | bytes | os.PathLike) else str(path)
            reads = isinstance(flags, int) and not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            text = name.decode() if isinstance(name, bytes) else name
            own_data = text.endswith(".yaml") and Path(text).with_suffix(".py").exists()  # part of the module beside it
            if reads and (own_data or text.endswith(_READ_BY_IMPORT) or any(part in text for part in _TIME_ZONES)):
                return
            deeds.append(f"open {text} {mode}")
        elif event.startswith(_DEEDS):
            deeds.append(event)

    before = (dict(os.environ), threading.active_count(), os.getcwd(), list(sys.path), _handlers())
    sys.addaudithook(watch)
    try:
        importlib.import_module(module)
    except BaseException as error:
        deeds.append(f"fails: {type(error).__name__}: {error}")
    watching = False
    after = (dict(os.environ), threading.active_count(), os.getcwd(), list(sys.path), _handlers())
    names = ("environment", "threads", "working directory", "sys.path", "signal handlers")
    return deeds + [name for name, was, now in zip(names, before, after, strict=True) if was != now]


def _handlers() -> list[Any]:
    return [signal.getsignal(number) for number in sorted(signal.valid_signals())]


def _in_own_process(module: str) -> list[str]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        with os.fdopen(writer, "w") as out:
            json.dump(_watched(module), out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return json.loads(said) if said else ["died"]


def main(modules: list[str]) -> None:
    """Print what importing each of `modules` did."""
    sys.dont_write_bytecode = True
    _load_libraries()
    deeds: dict[str, list[str]] = {}
    for package in PACKAGES:
        of_package = [module for module in modules if module.partition(".")[0] == package]
        deeds |= {module: _in_own_process(module) for module in of_package}
        if package in _BELOW:
            for module in of_package:
                importlib.import_module(module)
    deeds |= {module: _in_own_process(module) for module in modules if module not in deeds}
    json.dump(deeds, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
