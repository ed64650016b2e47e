"""The audit log in the cluster: its files on a volume that one part writes and one reads, and its way to witnesses."""

import os
from pathlib import Path

import pytest
import yaml

from audit.tlog.policy import Policy
from tests.deploy.building import (
    DEPLOY,
    LOG_IN_IMAGE,
    OLDEST,
    Manifest,
    build,
    build_at,
    claim_at,
    each_build,
    kubernetes_validate,
    named,
    of_kind,
    settings_of,
    workloads,
)


@each_build
class TestManifestsOfLog:
    """Of the base and of every overlay."""

    def test_keep_what_the_log_signed_last_on_a_volume_of_its_own(self, folder: str) -> None:
        (audit,) = (m["spec"] for m in of_kind(build(folder), "StatefulSet") if "volumeClaimTemplates" in m["spec"])
        (template,) = audit["volumeClaimTemplates"]
        assert template["spec"]["accessModes"] == ["ReadWriteOncePod"]
        pod = audit["template"]["spec"]
        mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}
        assert mounts[template["metadata"]["name"]] == "/app/var"
        assert (audit["serviceName"], audit["replicas"], pod["securityContext"]["fsGroup"]) == ("audit-api", 1, 10001)
        assert pod["securityContext"]["fsGroupChangePolicy"] == "OnRootMismatch"

    def test_let_the_consumer_write_the_log_and_the_api_only_read_it(self, folder: str) -> None:
        pods = dict(workloads(build(folder)))
        claim, may_write = claim_at(pods["audit-consumer"], LOG_IN_IMAGE)
        assert may_write
        assert claim_at(pods["audit-api"], LOG_IN_IMAGE) == (claim, False)
        with_claims = {name for name, pod in pods.items() if "persistentVolumeClaim" in str(pod["volumes"])}
        assert with_claims == {"audit-consumer", "audit-api"}
        volume = named(build(folder), "PersistentVolumeClaim", claim)
        assert volume["spec"]["accessModes"] == ["ReadWriteMany"]
        assert volume["spec"]["resources"]["requests"]["storage"] == "10Gi"

    def test_have_no_tool_of_delivery_remove_the_log(self, folder: str) -> None:
        kept = named(build(folder), "PersistentVolumeClaim", "audit-log")["metadata"]["annotations"]
        assert kept["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"
        assert kept["kustomize.toolkit.fluxcd.io/prune"] == "disabled"

    def test_mount_the_policy_of_the_log_where_the_settings_name_it(self, folder: str) -> None:
        place = settings_of(build(folder))["data"].get("LOG_POLICY")
        if place is None:
            return
        pod = named(build(folder), "StatefulSet", "audit-consumer")["spec"]["template"]["spec"]
        mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        above, _, name = place.rpartition("/")
        mapped = named(build(folder), "ConfigMap", volumes[mounts[above]]["configMap"]["name"])
        policy = Policy.read(mapped["data"][name])
        assert policy.quorum is not None
        assert all(str(witness.url).startswith("https://") for witness in policy.witnesses)
        assert {key.name for key, _ in policy.logs} == {settings_of(build(folder))["data"]["LOG_ORIGIN"]}

    def test_let_the_log_out_to_witnesses_and_authorities(self, folder: str) -> None:
        policy = named(build(folder), "NetworkPolicy", "log-goes-outside")["spec"]
        consumer = named(build(folder), "StatefulSet", "audit-consumer")["spec"]["template"]["metadata"]["labels"]
        assert policy["podSelector"]["matchLabels"].items() <= consumer.items()
        (rule,) = policy["egress"]
        assert "to" not in rule
        assert {port["port"] for port in rule["ports"]} == {443, 80}


class TestOverlay:
    def test_of_staging_asks_witnesses(self) -> None:
        assert "LOG_POLICY" in settings_of(build("overlays/staging"))["data"]


class TestLogOnOneNode:
    """Of a cluster that has no ReadWriteMany."""

    @pytest.fixture
    def manifests(self, tmp_path: Path) -> list[Manifest]:
        k8s = os.path.relpath(DEPLOY / "k8s", tmp_path.resolve())
        overlay = {"resources": [f"{k8s}/overlays/staging"], "components": [f"{k8s}/components/log-on-one-node"]}
        (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay), "utf-8")
        return build_at(tmp_path)

    def test_fits_the_schemas_strictly(self, manifests: list[Manifest]) -> None:
        for manifest in of_kind(manifests, "Deployment", "StatefulSet", "PersistentVolumeClaim"):
            kubernetes_validate.validate(manifest, OLDEST, strict=True)

    def test_asks_for_no_more_than_one_node_can_have(self, manifests: list[Manifest]) -> None:
        claim = named(manifests, "PersistentVolumeClaim", "audit-log")
        assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]

    def test_brings_the_reader_to_the_node_of_the_writer(self, manifests: list[Manifest]) -> None:
        pod = named(manifests, "Deployment", "audit-api")["spec"]["template"]["spec"]
        (term,) = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        writer = named(manifests, "StatefulSet", "audit-consumer")["spec"]["template"]["metadata"]["labels"]
        assert term["labelSelector"]["matchLabels"].items() <= writer.items()
        assert term["topologyKey"] == "kubernetes.io/hostname"
