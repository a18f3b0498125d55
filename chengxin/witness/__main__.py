"""A witness as a process: `python -m chengxin.witness`, by options or CHENGXIN_WITNESS_* variables."""

from __future__ import annotations

from chengxin.cli.witness import app

if __name__ == "__main__":
    app(prog_name="chengxin witness")
