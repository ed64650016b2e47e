"""The example of a witness, for others to run: in no build of ours, and as locked as ours are."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from audit.tlog.notes import ED25519, VerifierKey
from audit.tlog.policy import Policy
from common.settings import ROOT
from tests.deploy.building import (
    BUILT,
    DEPLOY,
    NEWEST,
    OLDEST,
    Manifest,
    build,
    compose,
    containers,
    kubernetes_validate,
    named,
    not_restricted,
    of_kind,
    workloads,
)


def env_of_image() -> dict[str, str]:
    """Where the image finds Python and the packages; these are here."""
    roots = os.pathsep.join([str(ROOT / "libs"), str(ROOT / "services")])
    return {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}", "PYTHONPATH": roots}


class TestWitness:
    def pod(self) -> Manifest:
        ((_, pod),) = workloads(build("witness"))
        return pod

    @pytest.mark.parametrize("version", [OLDEST, NEWEST])
    def test_fits_the_schemas_strictly(self, version: str) -> None:
        for manifest in build("witness"):
            kubernetes_validate.validate(manifest, version, strict=True)

    @pytest.mark.parametrize("folder", BUILT)
    def test_stands_apart_from_the_log(self, folder: str) -> None:
        (ours,) = of_kind(build(folder), "Namespace")
        (own,) = of_kind(build("witness"), "Namespace")
        inside = {manifest["metadata"].get("namespace") for manifest in build("witness")} - {None}
        assert inside == {own["metadata"]["name"]}
        assert own["metadata"]["name"] != ours["metadata"]["name"]
        assert "witness" not in {name for name, _ in workloads(build(folder))}

    def test_violates_nothing_of_restricted(self) -> None:
        (namespace,) = of_kind(build("witness"), "Namespace")
        assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        assert not_restricted(self.pod()) == []
        assert self.pod()["automountServiceAccountToken"] is False

    def test_runs_from_the_image_of_the_log(self) -> None:
        images = {container["image"] for container in containers(self.pod())}
        assert images == {container["image"] for container in containers(dict(workloads(build("base")))["audit-api"])}

    def test_is_started_as_the_witness_and_not_as_a_part(self) -> None:
        (container,) = self.pod()["containers"]
        line = " ".join([*container["command"], *container["args"]])
        assert line == "python -m audit witness serve --folder /app/var --listen 0.0.0.0:8080"
        assert container["readinessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}

    def test_keeps_its_key_and_what_it_has_cosigned(self) -> None:
        spec = named(build("witness"), "StatefulSet", "witness")["spec"]
        (template,) = spec["volumeClaimTemplates"]
        assert (template["spec"]["accessModes"], spec["replicas"]) == (["ReadWriteOncePod"], 1)
        for container in containers(self.pod()):
            places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            assert places[template["metadata"]["name"]] == "/app/var"
        # Without it each start makes what lies there, the key among it, readable and writable for the group.
        assert self.pod()["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"

    def test_knows_the_log_of_staging_under_the_name_that_staging_has_for_it(self) -> None:
        (known,) = of_kind(build("witness"), "ConfigMap")
        policy = Policy.read((DEPLOY / "k8s/overlays/staging/log-policy.txt").read_text("utf-8"))
        logs = [VerifierKey.read(line) for line in known["data"]["logs"].split()]
        assert logs == [key for key, _ in policy.logs]
        assert {key.algorithm for key in logs} == {ED25519}
        assert known["data"]["name"] in {witness.key.name for witness in policy.witnesses}

    def test_is_asked_and_asks_nobody(self) -> None:
        (policy,) = of_kind(build("witness"), "NetworkPolicy")
        assert policy["spec"]["podSelector"] == {}
        assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
        assert "egress" not in policy["spec"]

    def test_makes_its_key_once_and_knows_more_logs_at_each_start(self, tmp_path: Path) -> None:
        (prepare,) = self.pod()["initContainers"]
        (script,) = prepare["args"]
        (known,) = of_kind(build("witness"), "ConfigMap")
        kept, told = tmp_path / "kept", tmp_path / "told"
        for folder in (kept, told):
            folder.mkdir()
        for name, content in known["data"].items():
            (told / name).write_text(content, "utf-8")
        script = script.replace("/app/var", str(kept)).replace("/run/witness", str(told))
        keys = []
        for _ in range(2):
            subprocess.run([*prepare["command"], script], check=True, capture_output=True, env=env_of_image())
            keys.append((kept / "key").read_text("utf-8"))
        assert keys[0] == keys[1]
        assert json.loads((kept / "logs.json").read_text("utf-8")) == {
            "staff.staging.example/log1": known["data"]["logs"].split()
        }


class TestComposeOfWitness:
    def test_is_as_locked_as_ours_are(self) -> None:
        (witness,) = compose("deploy/witness/compose.yml").values()
        ours = compose()["audit-api"]
        for name in ("read_only", "cap_drop", "security_opt", "logging"):
            assert witness[name] == ours[name]
        assert witness["mem_limit"]
        assert witness["volumes"] == ["kept:/app/var"]
        assert witness["ports"] == ["${WITNESS_ADDRESS:-127.0.0.1}:${WITNESS_PORT:-8001}:8080"]

    def test_starts_what_the_cluster_starts(self) -> None:
        (witness,) = compose("deploy/witness/compose.yml").values()
        (container,) = TestWitness().pod()["containers"]
        assert [*witness["entrypoint"], *witness["command"]] == [*container["command"], *container["args"]]
        assert witness["image"] == compose()["audit-api"]["image"]
