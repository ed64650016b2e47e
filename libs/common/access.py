"""Who may do what: one matrix of operations and roles, read from `services/access.yaml`."""

from functools import cache
from pathlib import Path

import yaml

from common.actors import Role

MATRIX = Path(__file__).resolve().parents[2] / "services" / "access.yaml"


@cache
def access_matrix(path: Path = MATRIX) -> dict[str, frozenset[Role]]:
    """Roles by operation id. An operation that is not listed is open to nobody."""
    content = yaml.safe_load(path.read_text("utf-8")) or {}
    return {operation: frozenset(Role(name) for name in roles) for operation, roles in content.items()}
