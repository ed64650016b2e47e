"""What differs between installations, read from the environment and from nowhere else."""

from functools import cached_property
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[2]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=False)

    service_port: int = 8080
    database_url: str = ""
    owner_database_url: str = ""
    kafka_bootstrap_servers: str = ""
    topic_prefix: str = ""
    instance: str = "0"
    service_urls: dict[str, str] = Field(default_factory=dict)
    policies_dir: Path = ROOT / "policies"
    keys_file: Path | None = None
    oidc_issuer: str = "http://127.0.0.1:8000/dev"
    oidc_audience: str = "grassroots-staff"
    oidc_jwks: str = ""
    log_format: str = "json"
    log_level: str = "info"
    log_origin: str = Field(default="grassroots-staff/log1", pattern=r"^[^\s+]{1,200}$")
    log_policy: Path | None = None
    log_timestamping: str = ""
    log_publish_to: list[str] = Field(default_factory=list)
    embedded: bool = False
    folder: Path = ROOT / "var"

    def missing(self) -> list[str]:
        """What an installation must set; the embedded default sets or makes all of it."""
        needed = ["database_url", "kafka_bootstrap_servers"]
        if not self.embedded:
            needed += ["oidc_issuer", "oidc_jwks"]
        return [name.upper() for name in needed if name not in self.model_fields_set]

    @cached_property
    def keys_path(self) -> Path:
        return self.keys_file or self.folder / "keys.json"
