"""The Containerfile copies what there is, all that the processes import, and runs as nobody in particular."""

from __future__ import annotations

import re

from tests.house.own_code import PACKAGES
from tests.unit.k8s.cluster import ROOT, containers

LINES = (ROOT / "Containerfile").read_text(encoding="utf-8").splitlines()
COPIED = [
    source for line in LINES if line.startswith("COPY ") and "--from=" not in line for source in line.split()[1:-1]
]


def test_every_path_that_is_copied_exists() -> None:
    assert COPIED
    assert [source for source in COPIED if not (ROOT / source).exists()] == []


def test_all_packages_and_the_law_are_copied() -> None:
    folders = {source.rstrip("/") for source in COPIED}
    assert {*PACKAGES, "law"} <= folders


def test_the_image_runs_modules_as_an_unprivileged_user() -> None:
    (user,) = [line.split()[1] for line in LINES if line.startswith("USER ")]
    assert re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", user)
    assert 'ENTRYPOINT ["python", "-m"]' in LINES
    for container in containers("base"):
        assert container.pod["securityContext"]["runAsUser"] == int(user.partition(":")[0])


def test_the_ignored_files_are_none_of_those_copied() -> None:
    ignored = (ROOT / ".containerignore").read_text(encoding="utf-8").split()
    assert not {source.rstrip("/") for source in COPIED} & set(ignored)
