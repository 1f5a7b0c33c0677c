"""What each pod of ours keeps to, in a cluster that demands nothing."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from conveyor.config import Config
from conveyor.retraining.schedules.render import Installation, render_files

ROOT = Path(__file__).parents[1]
Pod = dict[str, Any]


def containers(pod: Pod) -> list[Any]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def of_each(key: str, value: Any) -> Callable[[Pod], bool]:
    """Whether the security context of each container has this value."""
    return lambda pod: all(c.get("securityContext", {}).get(key) == value for c in containers(pod))


def is_no_root(pod: Pod) -> bool:
    context = pod.get("securityContext", {})
    return context.get("runAsNonRoot") is True and context.get("runAsUser", 0) > 0


def is_limited(pod: Pod) -> bool:
    return all({"cpu", "memory"} <= c["resources"].get("limits", {}).keys()
               for c in containers(pod))  # fmt: skip


def takes_no_place_of_the_node(pod: Pod) -> bool:
    host = any(pod.get(name) for name in ("hostNetwork", "hostPID", "hostIPC"))
    return not host and all("hostPath" not in volume for volume in pod["volumes"])


# Each policy, and a change of the pod that breaks it.
POLICIES: Mapping[str, tuple[Callable[[Pod], bool], Callable[[Pod], Any]]] = {
    "runs as no root": (is_no_root, lambda pod: pod["securityContext"].update(runAsUser=0)),
    "says so": (is_no_root, lambda pod: pod["securityContext"].pop("runAsNonRoot")),
    "read-only root": (
        of_each("readOnlyRootFilesystem", True),
        lambda pod: pod["containers"][-1]["securityContext"].pop("readOnlyRootFilesystem")),
    "no escalation": (
        of_each("allowPrivilegeEscalation", False),
        lambda pod: pod["containers"][-1]["securityContext"].pop("allowPrivilegeEscalation")),
    "no capability": (
        of_each("capabilities", {"drop": ["ALL"]}),
        lambda pod: pod["containers"][0]["securityContext"].update(
            capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]})),
    "not privileged": (
        of_each("privileged", None),
        lambda pod: pod["containers"][0]["securityContext"].update(privileged=True)),
    "system calls": (
        lambda pod: pod["securityContext"].get("seccompProfile") == {"type": "RuntimeDefault"},
        lambda pod: pod["securityContext"].update(seccompProfile={"type": "Unconfined"})),
    "no token of the cluster": (
        lambda pod: pod.get("automountServiceAccountToken") is False,
        lambda pod: pod.pop("automountServiceAccountToken")),
    "limits": (is_limited, lambda pod: pod["containers"][0]["resources"]["limits"].pop("cpu")),
    "nothing of the node": (
        takes_no_place_of_the_node,
        lambda pod: pod["volumes"].append({"name": "all", "hostPath": {"path": "/"}})),
    "no network of the node": (
        takes_no_place_of_the_node, lambda pod: pod.update(hostNetwork=True)),
}  # fmt: skip


@pytest.fixture
def pods(toy_config: Config) -> dict[str, Pod]:
    installation = Installation("toys", ROOT, Path("python"))
    (text,) = render_files("kubernetes", toy_config.schedule, installation).values()
    job = yaml.safe_load((ROOT / "deploy/kubernetes.yaml").read_text())["spec"]
    return {
        "retrain": yaml.safe_load(text)["spec"]["jobTemplate"]["spec"]["template"]["spec"],
        "sweep": job["template"]["spec"],
    }


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("job", ["retrain", "sweep"])
def test_a_pod_keeps_to_each_policy(job: str, name: str, pods: dict[str, Pod]) -> None:
    keeps, breaks = POLICIES[name]
    assert keeps(pods[job])
    weaker = deepcopy(pods[job])
    breaks(weaker)
    assert not keeps(weaker)


@pytest.mark.parametrize("job", ["retrain", "sweep"])
def test_a_pod_can_write_where_the_belt_does(job: str, pods: dict[str, Pod]) -> None:
    """The root is read-only: the project, temporary files, DVC's locks, a home folder."""
    (container,) = pods[job]["containers"]
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    variables = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert container["workingDir"] in mounts
    assert {"/tmp", "/var/tmp"} <= set(mounts)
    assert variables["HOME"] in mounts
