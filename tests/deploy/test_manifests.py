"""What we hand to operations builds, fits the schemas of Kubernetes, and keeps what deploy/README.md promises."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from common.settings import ROOT
from tests.deploy.building import (
    ADDED_KINDS,
    BUILT,
    DEPLOY,
    KNOWN_SETTINGS,
    NEWEST,
    OLDEST,
    build,
    containers,
    each_build,
    kubernetes_validate,
    not_restricted,
    of_kind,
    parts,
    services,
    settings_of,
    workloads,
)


@each_build
class TestManifests:
    """Of the base and of every overlay."""

    @pytest.mark.parametrize("version", [OLDEST, NEWEST])
    def test_fit_the_schemas_strictly(self, folder: str, version: str) -> None:
        for manifest in build(folder):
            if (manifest["apiVersion"], manifest["kind"]) not in ADDED_KINDS:
                kubernetes_validate.validate(manifest, version, strict=True)

    def test_give_every_service_its_workloads(self, folder: str) -> None:
        expected = {f"{service}-{part}" for service in services() for part in parts(service)}
        assert {name for name, _ in workloads(build(folder))} == expected

    def test_run_each_part_from_the_image_of_its_service(self, folder: str) -> None:
        for name, pod in workloads(build(folder)):
            service, part = name.split("-")
            assert pod["containers"][0]["args"] == [part]
            for container in containers(pod):
                repository, tag = container["image"].rsplit(":", 1)
                assert repository.split("/")[-2:] == ["grassroots-staff", service]
                assert tag not in ("", "latest")

    def test_ask_the_namespace_to_enforce_restricted(self, folder: str) -> None:
        (namespace,) = of_kind(build(folder), "Namespace")
        labels = namespace["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        assert labels["pod-security.kubernetes.io/enforce-version"] == "latest"
        inside = {manifest["metadata"].get("namespace") for manifest in build(folder)} - {None}
        assert inside == {namespace["metadata"]["name"]}

    def test_violate_nothing_of_restricted(self, folder: str) -> None:
        faults = {name: not_restricted(pod) for name, pod in workloads(build(folder))}
        assert {name: found for name, found in faults.items() if found} == {}

    def test_carry_no_token_of_the_cluster(self, folder: str) -> None:
        accounts = {m["metadata"]["name"]: m for m in of_kind(build(folder), "ServiceAccount")}
        for name, pod in workloads(build(folder)):
            assert pod["automountServiceAccountToken"] is False
            assert pod["serviceAccountName"] == f"{name.split('-')[0]}-app"
            assert accounts[pod["serviceAccountName"]]["automountServiceAccountToken"] is False

    def test_state_resources_everywhere_and_probes_on_all_that_stays(self, folder: str) -> None:
        for _, pod in workloads(build(folder)):
            for container in containers(pod):
                assert container["resources"]["requests"].keys() == {"cpu", "memory"}
                assert "memory" in container["resources"]["limits"]
        for manifest in of_kind(build(folder), "Deployment", "StatefulSet"):
            (container,) = manifest["spec"]["template"]["spec"]["containers"]
            for probe, path in {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}.items():
                assert container[f"{probe}Probe"]["httpGet"] == {"path": path, "port": "http"}

    def test_leave_time_to_stop(self, folder: str) -> None:
        for manifest in of_kind(build(folder), "Deployment", "StatefulSet"):
            pod = manifest["spec"]["template"]["spec"]
            sleep = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            assert pod["terminationGracePeriodSeconds"] >= sleep + 20

    def test_set_only_what_settings_know(self, folder: str) -> None:
        given = set(settings_of(build(folder))["data"])
        for _, pod in workloads(build(folder)):
            given |= {variable["name"] for container in containers(pod) for variable in container.get("env", [])}
        assert given - KNOWN_SETTINGS == set()
        assert "EMBEDDED" not in given

    def test_take_settings_from_a_map_that_exists(self, folder: str) -> None:
        settings = settings_of(build(folder))
        for _, pod in workloads(build(folder)):
            for container in containers(pod):
                assert container["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]

    def test_name_every_service_to_the_gateway(self, folder: str) -> None:
        settings = settings_of(build(folder))
        addresses = json.loads(settings["data"]["SERVICE_URLS"])
        ports = {m["metadata"]["name"]: m["spec"]["ports"][0]["port"] for m in of_kind(build(folder), "Service")}
        assert addresses == {
            name: f"http://{name}-api:{ports[f'{name}-api']}" for name in services() if name != "gateway"
        }

    def test_commit_no_secret_and_show_the_owner_to_migrations_alone(self, folder: str) -> None:
        assert not list(of_kind(build(folder), "Secret"))
        for name, pod in workloads(build(folder)):
            service, part = name.split("-")
            read = {
                variable["name"]: variable["valueFrom"]["secretKeyRef"]["name"]
                for container in containers(pod)
                for variable in container.get("env", [])
                if "secretKeyRef" in variable.get("valueFrom", {})
            }
            if part == "migrate":
                assert read == {"OWNER_DATABASE_URL": f"{service}-database-owner"}
            else:
                assert read == {"DATABASE_URL": f"{service}-database"}

    def test_give_each_consumer_a_lasting_name(self, folder: str) -> None:
        """Two consumers of one name shut each other out of the group."""
        for manifest in of_kind(build(folder), "StatefulSet"):
            (container,) = manifest["spec"]["template"]["spec"]["containers"]
            instance = {"name": "INSTANCE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
            assert instance in container["env"]

    def test_deny_all_traffic_first_and_let_dns_through(self, folder: str) -> None:
        policies = {m["metadata"]["name"]: m["spec"] for m in of_kind(build(folder), "NetworkPolicy")}
        assert policies["deny-all"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
        assert {(p["protocol"], p["port"]) for p in policies["allow-dns"]["egress"][0]["ports"]} == {
            ("UDP", 53),
            ("TCP", 53),
        }

    def test_select_pods_that_exist(self, folder: str) -> None:
        """Of Services, budgets and network policies."""
        pods = [
            manifest["spec"]["template"]["metadata"]["labels"].items()
            for manifest in of_kind(build(folder), "Deployment", "StatefulSet", "Job")
        ]
        for manifest in of_kind(build(folder), "Service", "PodDisruptionBudget", "NetworkPolicy"):
            spec = manifest["spec"]
            selector = spec["podSelector"] if "podSelector" in spec else spec["selector"]
            labels = selector.get("matchLabels", selector)
            assert any(labels.items() <= pod for pod in pods), manifest["metadata"]["name"]

    def test_route_the_public_to_a_service_that_exists(self, folder: str) -> None:
        ports = {m["metadata"]["name"]: m["spec"]["ports"][0]["port"] for m in of_kind(build(folder), "Service")}
        for route in of_kind(build(folder), "HTTPRoute"):
            assert route["spec"]["hostnames"]
            for backend in (backend for rule in route["spec"]["rules"] for backend in rule["backendRefs"]):
                assert backend["name"] == "gateway-api"
                assert backend["port"] == ports[backend["name"]]

    def test_let_the_public_in_by_named_paths_only(self, folder: str) -> None:
        """Not to what the gateway answers without a token for operators inside."""
        for route in of_kind(build(folder), "HTTPRoute"):
            for rule in route["spec"]["rules"]:
                paths = {(match["path"]["type"], match["path"]["value"]) for match in rule["matches"]}
                assert paths == {
                    ("PathPrefix", "/v1"),
                    ("PathPrefix", "/log"),
                    ("PathPrefix", "/docs"),
                    ("PathPrefix", "/docs-assets"),
                    ("Exact", "/openapi.json"),
                    ("Exact", "/livez"),
                    ("Exact", "/"),
                }


class TestOverlay:
    @pytest.mark.parametrize("folder", BUILT[1:])
    def test_leaves_no_placeholder(self, folder: str) -> None:
        settings = settings_of(build(folder))
        assert [key for key, value in settings["data"].items() if ".invalid" in value] == []

    def test_of_staging_runs_two_gateways(self) -> None:
        replicas = {
            m["metadata"]["name"]: m["spec"]["replicas"] for m in of_kind(build("overlays/staging"), "Deployment")
        }
        assert replicas["gateway-api"] == 2
        assert {count for name, count in replicas.items() if name.endswith("-relay")} == {1}


class TestNotRestricted:
    """The guard itself."""

    @pytest.mark.parametrize(
        ("where", "value", "fault"),
        [
            ("securityContext", {"runAsNonRoot": True}, "seccompProfile"),
            ("securityContext", {"seccompProfile": {"type": "RuntimeDefault"}}, "runAsNonRoot"),
            ("volumes", [{"name": "host", "hostPath": {"path": "/"}}], "hostPath"),
            ("hostNetwork", True, "hostNetwork"),
        ],
        ids=["without seccomp", "as root", "with a path of the host", "in the network of the host"],
    )
    def test_finds_a_pod(self, where: str, value: Any, fault: str) -> None:
        _, pod = next(workloads(build("base")))
        assert fault in not_restricted({**pod, where: value})

    @pytest.mark.parametrize(
        ("where", "value"),
        [
            ("allowPrivilegeEscalation", True),
            ("readOnlyRootFilesystem", False),
            ("capabilities", {"drop": ["all"]}),
            ("privileged", True),
        ],
        ids=["that may escalate", "that may write", "that drops in small letters", "that is privileged"],
    )
    def test_finds_a_container(self, where: str, value: Any) -> None:
        _, pod = next(workloads(build("base")))
        (container,) = pod["containers"]
        loose = {**container, "securityContext": {**container["securityContext"], where: value}}
        assert not_restricted({**pod, "containers": [loose]})


class TestImage:
    def recipe(self) -> str:
        return (ROOT / "Dockerfile").read_text("utf-8")

    def test_runs_as_a_number_so_that_the_cluster_can_see_it_is_not_root(self) -> None:
        assert "\nUSER 10001:0\n" in self.recipe()

    def test_carries_no_group_of_development(self) -> None:
        assert "uv sync --locked --no-default-groups --no-install-project" in self.recipe()
        kept_out = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        assert kept_out[1] == "*"
        assert {"libs/common/embedded", "libs/common/testing.py", "**/tests"} <= set(kept_out)

    def test_has_a_folder_of_group_0_where_each_volume_goes(self) -> None:
        """A new volume of Docker takes over owner and mode from it."""
        assert re.search(r"mkdir -m 775 (.+?) &&", self.recipe())[1].split() == ["var", "var/log"]  # type: ignore[index]

    def test_is_numbered_as_the_project_is(self) -> None:
        version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
        assert f"ARG VERSION={version}\n" in self.recipe()
        for name, pod in workloads(build("base")):
            assert {container["image"].rsplit(":")[1] for container in containers(pod)} == {version}, name


class TestPageForOperations:
    def page(self) -> str:
        return Path(DEPLOY / "README.md").read_text("utf-8")

    @pytest.mark.parametrize("name", sorted(KNOWN_SETTINGS))
    def test_explains_setting(self, name: str) -> None:
        assert f"| `{name}` |" in self.page()
