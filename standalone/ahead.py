"""Loads a program of ours, waits for a line on standard input, then runs it: `python -m standalone.ahead MODULE`.

So the processes of a house load while its database is made. Where the input ends without a line, whoever started the
program is gone, and it ends too.
"""

from __future__ import annotations

import gc
import runpy
import sys
from importlib import import_module
from importlib.util import find_spec


def main(module: str) -> None:
    """Run the module, as `python -m` does, once it is loaded and told to go on."""
    spec = find_spec(module)
    if spec is not None and spec.submodule_search_locations is not None:
        program = f"{module}.__main__"
        _load(program)
        del sys.modules[program]
    if sys.stdin.readline():
        sys.argv = sys.argv[:1]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


def _load(program: str) -> None:
    gc.disable()  # Nothing that is loaded is garbage, and looking for it takes a tenth of the time.
    if not program.startswith("chengxin."):
        # structlog would load it for a console that no office has.
        sys.modules["rich"] = None  # pyright: ignore[reportArgumentType]  that is how a module is said to be absent
        import_module("structlog")
        del sys.modules["rich"]
    import_module(program)
    gc.enable()


if __name__ == "__main__":
    main(sys.argv[1])
