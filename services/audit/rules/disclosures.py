"""What stands beside an entry and may be deleted: salted disclosures by RFC 9901 (SD-JWT), without the JWT.

The entry holds the digests. Whoever is given a disclosure can compute its digest and find it there; when the disclosure
is deleted nobody, not even we, can tell again what the digest stood for, and every proof stays valid.
"""

import base64
import json
import secrets
from typing import Any

import orjson

SALT_BYTES = 16
ALGORITHM = "sha-256"


def disclose(name: str, value: Any) -> str:
    """A fresh disclosure of an object property: base64url of the JSON array of salt, name and value."""
    salt = _encode(secrets.token_bytes(SALT_BYTES))
    return _encode(orjson.dumps([salt, name, value]))


def read_disclosure(disclosure: str) -> tuple[str, Any]:
    """Name and value. Raises ValueError where it is none."""
    _salt, name, value = json.loads(base64.urlsafe_b64decode(disclosure + "=" * (-len(disclosure) % 4)))
    return str(name), value


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
