"""The platform on one machine keeps the same promises."""

import json
import re

import pytest

from audit.tlog.policy import Policy
from common.settings import ROOT, Settings
from tests.deploy.building import DEPLOY, KNOWN_SETTINGS, LOG_IN_IMAGE, Manifest, compose, parts, services


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

    def test_lets_the_consumer_write_the_log_and_the_api_only_read_it(self) -> None:
        with_volumes = {name: value["volumes"] for name, value in self.ours().items() if "volumes" in value}
        assert with_volumes.keys() == {"audit-api", "audit-consumer"}
        assert with_volumes["audit-api"] == [f"log:{LOG_IN_IMAGE}:ro"]
        assert with_volumes["audit-consumer"][:2] == ["signer:/app/var", f"log:{LOG_IN_IMAGE}"]

    def test_hands_the_log_a_policy_that_asks_nobody_where_no_other_is_named(self) -> None:
        (mount,) = (one for one in compose()["audit-consumer"]["volumes"] if isinstance(one, dict))
        assert mount["target"] == compose()["audit-consumer"]["environment"]["LOG_POLICY"]
        assert (mount["type"], mount["read_only"], mount["bind"]) == ("bind", True, {"create_host_path": False})
        otherwise = re.fullmatch(r"\$\{LOG_POLICY_FILE:-\./(.+)\}", mount["source"])
        assert otherwise is not None
        assert Policy.read((ROOT / otherwise[1]).read_text("utf-8")).quorum is None

    def test_lets_what_is_not_said_stay_as_it_is_by_default(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("LOG_TIMESTAMPING", "LOG_PUBLISH_TO"):
            assert compose()["audit-consumer"]["environment"][name] == f"${{{name}:-}}"
            monkeypatch.setenv(name, "")
        assert (Settings().log_timestamping, Settings().log_publish_to) == ("", [])

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
