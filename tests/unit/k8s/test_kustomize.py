"""What k8s/ builds is valid, closed, and made of the real commands and settings."""

from __future__ import annotations

from importlib import util
from pathlib import PurePosixPath
from typing import Any

import kubernetes_validate
import pytest
import typer
from pydantic_settings import BaseSettings

from chengxin.cli import witness
from foundation.db.migrate import READER, ROLES
from scripts import settings
from tests.unit.k8s.cluster import FOLDERS, ROOT, WORKLOADS, Container, containers, objects, of_kind, secrets_used

CLASSES = settings.classes()
OURS = [(folder, one) for folder in FOLDERS for one in containers(folder)]
EVERY_CONTAINER = pytest.mark.parametrize(
    ("folder", "container"), OURS, ids=[f"{folder}-{one.workload}" for folder, one in OURS]
)
EVERY_FOLDER = pytest.mark.parametrize("folder", FOLDERS)


def variables(cls: type[BaseSettings]) -> set[str]:
    """The environment variables that a settings class reads."""
    return {settings.PREFIX + name.upper() for name in cls.model_fields}


@EVERY_FOLDER
def test_every_object_is_valid(folder: str) -> None:
    assert len(objects(folder)) > 20
    for one in objects(folder):
        kubernetes_validate.validate(one, "1.32", strict=True)


def test_an_invalid_object_would_be_found() -> None:
    broken: dict[str, Any] = {"apiVersion": "v1", "kind": "Service", "spec": {"portz": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.32", strict=True)


@EVERY_CONTAINER
def test_no_office_starts_that_is_not_guarded_by_the_log_and_a_witness(folder: str, container: Container) -> None:
    if not container.args[0].startswith("services."):
        return
    logs = [f"http://{one['metadata']['name']}:{port['port']}" for one in of_kind(folder, "Service")
            for port in one["spec"]["ports"] if port["name"] == "log"]  # fmt: skip
    assert [container.environment["CHENGXIN_LOG_URL"]] == logs
    assert container.environment["CHENGXIN_LOG_VKEY"] == "secret:chengxin-guard/log-vkey"
    assert container.environment["CHENGXIN_WITNESS_URL"] == "secret:chengxin-guard/witness-url"
    if container.args == ("services.audit",):
        assert container.environment["CHENGXIN_WITNESS_VKEY"] == "secret:chengxin-guard/witness-vkey"
    named = [entry.get("valueFrom", {}).get("secretKeyRef", {}) for entry in container.itself["env"]]
    assert not any(secret.get("optional") for secret in named)


def test_a_witness_stands_apart_from_the_house_and_alone() -> None:
    for one in objects("witness"):
        kubernetes_validate.validate(one, "1.32", strict=True)
        assert one["metadata"].get("namespace", one["metadata"]["name"]) == "chengxin-witness"
    (deployment,) = of_kind("witness", "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})
    read = {option.envvar for option in typer.main.get_command(witness.app).params if getattr(option, "envvar", None)}
    assert container["command"] == ["chengxin", "witness"]
    assert {entry["name"] for entry in container["env"]} == read
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert of_kind("base", "Namespace")[0]["metadata"]["name"] != "chengxin-witness"


@EVERY_FOLDER
def test_everything_runs_that_the_house_is_made_of(folder: str) -> None:
    run = {container.args for container in containers(folder)}
    assert run == {(module,) for module in CLASSES}


@EVERY_FOLDER
def test_everything_stands_in_one_namespace_and_no_secret_is_contained(folder: str) -> None:
    for one in objects(folder):
        if one["kind"] != "Namespace":
            assert one["metadata"]["namespace"] == "chengxin", one["metadata"]["name"]
    assert of_kind(folder, "Secret") == []


@EVERY_FOLDER
def test_what_each_secret_must_hold_is_written_down(folder: str) -> None:
    told = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    assert [name for name in sorted(secrets_used(folder)) if f"`{name}`" not in told] == []


@EVERY_CONTAINER
def test_a_container_runs_a_module_of_ours(folder: str, container: Container) -> None:
    (module,) = container.args
    package = util.find_spec(module)
    assert package is not None
    assert package.submodule_search_locations is None or util.find_spec(f"{module}.__main__")
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        command = container.itself.get(probe, {}).get("exec", {}).get("command")
        if command:
            assert command[:2] == ["python", "-m"]
            assert util.find_spec(command[2]) is not None


@EVERY_CONTAINER
def test_a_container_gets_settings_that_its_process_reads_and_all_that_it_needs(
    folder: str, container: Container
) -> None:
    cls = CLASSES[container.args[0]]
    needed = {settings.PREFIX + name.upper() for name, field in cls.model_fields.items() if field.is_required()}
    given = set(container.environment)
    readable = variables(cls)
    if container.args[0] == "scripts.furnish":  # it shares the offices' variables
        readable |= variables(CLASSES["services.catalog"])
    assert given <= readable
    assert needed <= given


@EVERY_CONTAINER
def test_every_path_that_a_setting_names_is_mounted(folder: str, container: Container) -> None:
    for name in variables(CLASSES[container.args[0]]) & set(container.environment):
        value = container.environment[name]
        if value.startswith("/"):
            path = PurePosixPath(value)
            mounted = [PurePosixPath(mount) for mount in container.mounts]
            assert any(path.is_relative_to(m) or m.is_relative_to(path) for m in mounted), f"{name}={value}"


@EVERY_CONTAINER
def test_an_office_gets_the_passwords_of_its_own_roles_alone(folder: str, container: Container) -> None:
    module = container.args[0]
    if not module.startswith("services."):
        return
    office = module.partition(".")[2]
    items = container.mounts["/etc/chengxin/roles"]["secret"]["items"]
    own = {*ROLES[office], *([READER] if office == "audit" else [])}
    assert {item["key"] for item in items} == own


@EVERY_FOLDER
def test_every_pod_is_confined(folder: str) -> None:
    for workload in of_kind(folder, *WORKLOADS):
        pod = workload["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            confined = container["securityContext"]
            assert confined["allowPrivilegeEscalation"] is False
            assert confined["readOnlyRootFilesystem"] is True
            assert confined["capabilities"] == {"drop": ["ALL"]}
            assert container["resources"]["requests"]
            assert container["resources"]["limits"]["memory"]


@EVERY_FOLDER
def test_every_pod_of_ours_that_stays_is_probed_and_may_be_disrupted_one_at_a_time(folder: str) -> None:
    budgets = {one["metadata"]["name"]: one["spec"] for one in of_kind(folder, "PodDisruptionBudget")}
    for container in containers(folder):
        if container.args == ("scripts.furnish",):
            continue
        assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container.itself)
        assert budgets[container.workload]["maxUnavailable"] == 1


@EVERY_FOLDER
def test_every_selector_selects_pods_that_are_there(folder: str) -> None:
    pods = [workload["spec"]["template"]["metadata"]["labels"] for workload in of_kind(folder, *WORKLOADS)]
    for one in of_kind(folder, "Service", "PodDisruptionBudget", "NetworkPolicy"):
        spec = one["spec"]
        wanted = spec.get("podSelector", spec.get("selector", {}))
        wanted = wanted.get("matchLabels", {} if one["kind"] != "Service" else wanted)
        assert any(wanted.items() <= labels.items() for labels in pods), one["metadata"]["name"]


@EVERY_FOLDER
def test_the_addresses_in_the_settings_are_services_that_are_there(folder: str) -> None:
    services = {
        f"{one['metadata']['name']}:{port['port']}"
        for one in of_kind(folder, "Service")
        for port in one["spec"]["ports"]
    }
    for container in containers(folder):
        for name, value in container.environment.items():
            if name.endswith("_ADDRESS"):
                assert value in services, f"{name}={value}"


def test_everything_is_closed_but_what_a_policy_opens() -> None:
    (closed,) = [one for one in of_kind("base", "NetworkPolicy") if one["spec"]["podSelector"] == {}]
    assert closed["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in closed["spec"]
    assert "egress" not in closed["spec"]


def test_a_province_scales_its_catalog_by_load() -> None:
    (scaler,) = of_kind("overlays/production", "HorizontalPodAutoscaler")
    deployments = {one["metadata"]["name"]: one["spec"] for one in of_kind("overlays/production", "Deployment")}
    assert "replicas" not in deployments[scaler["spec"]["scaleTargetRef"]["name"]]
    assert all(spec.get("replicas", 2) >= 2 for spec in deployments.values())


def test_several_pods_can_share_a_key_folder_in_a_province() -> None:
    for claim in of_kind("overlays/production", "PersistentVolumeClaim"):
        assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
