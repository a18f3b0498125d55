"""The wheel as a department installs it: alone in an environment of its own, the libraries it needs beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment that holds the wheel."""

    wheel: Path
    environment: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.environment / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """Where the wheel was unpacked."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.environment / "lib" / version / "site-packages"

    def run(self, *command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, away from the checkout."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("CHENGXIN_", "PYTHON"))}
        return subprocess.run(
            [self.environment / "bin" / command[0], *command[1:]],
            cwd=cwd,
            env=clean,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


def install(folder: Path) -> Installed:
    """Build the wheel and install it into an empty environment, without an index and without its dependencies.

    The libraries come from the environment that runs the tests, by path: what that has installed of this
    checkout is not found that way, since a path file within another's folder does not count.
    """
    _run("-m", "build", "--no-isolation", "--wheel", "--outdir", folder / "dist", ROOT)
    (wheel,) = (folder / "dist").glob("*.whl")
    environment = folder / "environment"
    _run("-m", "venv", "--without-pip", environment)
    installed = Installed(wheel, environment)
    _run("-m", "pip", "--python", installed.python, "install", "--no-index", "--no-deps", "--quiet", wheel)
    (installed.site_packages / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return installed


def _run(*arguments: str | Path) -> None:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
