"""The installation's secret keys, one JSON file: field keys by id, the index key, signing keys."""

import base64
import json
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


class KeysMissing(Exception):
    """There is no key file; only the embedded default makes one by itself."""


@dataclass(frozen=True)
class Keys:
    """`fields`: AES-256 keys by id, `current` the one that encrypts now; the others only decrypt.

    `log_seeds`: the Ed25519 seeds that sign the log; all of them do, while an old key and a new one overlap.
    """

    fields: dict[str, bytes]
    current: str
    index: bytes
    cursor: bytes
    log_seeds: tuple[bytes, ...]


def make_keys(path: Path) -> None:
    """Write a fresh key file, readable by its owner alone; leaves an existing one as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = {
        "fields": {"k1": _encode(secrets.token_bytes(32))},
        "current": "k1",
        "index": _encode(secrets.token_bytes(32)),
        "cursor": _encode(secrets.token_bytes(32)),
        "log_seeds": [_encode(secrets.token_bytes(32))],
    }
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w") as file:
        json.dump(fresh, file)


@lru_cache(maxsize=8)
def load_keys(path: Path) -> Keys:
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        raise KeysMissing(f"no key file at {path}: set KEYS_FILE") from None
    return Keys(
        fields={key_id: base64.b64decode(key) for key_id, key in content["fields"].items()},
        current=content["current"],
        index=base64.b64decode(content["index"]),
        cursor=base64.b64decode(content["cursor"]),
        log_seeds=tuple(base64.b64decode(seed) for seed in content["log_seeds"]),
    )


def _encode(key: bytes) -> str:
    return base64.b64encode(key).decode()
