"""What a service process is told, and whether it lives."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from common.embedded.databases import DatabaseUrls
from common.embedded.ports import HOST

ROOT = Path(__file__).resolve().parents[3]
MIGRATION = (sys.executable, "-m", "common", "all", "migrate")


def service_command(service: str) -> list[str]:
    return [sys.executable, "-m", "common", service, "all"]


def service_urls(ports: Mapping[str, int]) -> dict[str, str]:
    return {name: f"http://{HOST}:{port}" for name, port in ports.items()}


def shared_environment(
    *, folder: Path, bootstrap_servers: str, urls: Mapping[str, str], settings: Mapping[str, str]
) -> dict[str, str]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "TOPIC_PREFIX": os.environ.get("TOPIC_PREFIX", ""),
        "EMBEDDED": "true",
        "FOLDER": str(folder),
        "SERVICE_URLS": json.dumps(urls),
        "POLICIES_DIR": os.environ.get("POLICIES_DIR", str(ROOT / "policies")),
        "LOG_FORMAT": "json",
        **settings,
    }


def own_environment(*, port: int, urls: DatabaseUrls) -> dict[str, str]:
    return {"SERVICE_PORT": str(port), "DATABASE_URL": urls.database_url, "OWNER_DATABASE_URL": urls.owner_url}


def migration_environment(databases: Mapping[str, DatabaseUrls]) -> dict[str, str]:
    known = {name: {"database_url": urls.database_url, "owner_url": urls.owner_url} for name, urls in databases.items()}
    return {"DATABASES": json.dumps(known)}


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False
