"""Personal data in a column: sealed for storage, indexed blind for finding, masked for showing."""

import base64
import hashlib
import hmac
import secrets
import unicodedata

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.keys import Keys


class Sealer:
    """AES-256-GCM with the place as associated data: a value moved to another row or column does not open."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def seal(self, value: str, *, place: str) -> str:
        """`v1.<key id>.<base64 of nonce and ciphertext>`; `place` is `table|column|row id`."""
        nonce = secrets.token_bytes(12)
        key_id = self._keys.current
        sealed = AESGCM(self._keys.fields[key_id]).encrypt(nonce, value.encode(), _bound(key_id, place))
        return f"v1.{key_id}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, *, place: str) -> str:
        _, key_id, content = sealed.split(".")
        both = base64.b64decode(content)
        return AESGCM(self._keys.fields[key_id]).decrypt(both[:12], both[12:], _bound(key_id, place)).decode()

    def seal_bytes(self, value: bytes, *, place: str) -> bytes:
        """As `seal`, for a column of bytes: `v1.<key id>.`, then nonce and ciphertext as they are."""
        nonce = secrets.token_bytes(12)
        key_id = self._keys.current
        sealed = AESGCM(self._keys.fields[key_id]).encrypt(nonce, value, _bound(key_id, place))
        return f"v1.{key_id}.".encode() + nonce + sealed

    def open_bytes(self, sealed: bytes, *, place: str) -> bytes:
        _, key_id, content = sealed.split(b".", 2)
        key = self._keys.fields[key_id.decode()]
        return AESGCM(key).decrypt(content[:12], content[12:], _bound(key_id.decode(), place))

    def index(self, value: str, *, column: str) -> str:
        """A keyed hash for equality search; each column has its own key, derived from the index key."""
        column_key = hmac.digest(self._keys.index, column.encode(), hashlib.sha256)
        return hmac.new(column_key, _normalised(value).encode(), hashlib.sha256).hexdigest()


def _bound(key_id: str, place: str) -> bytes:
    return f"v1|{key_id}|{place}".encode()


def _normalised(value: str) -> str:
    return unicodedata.normalize("NFKC", value).strip().upper()


def mask_identity(number: str) -> str:
    """First three and last four of an identity number: birth date and district stay hidden; of a short one nothing."""
    if len(number) < 11:
        return "*" * len(number)
    return number[:3] + "*" * (len(number) - 7) + number[-4:]
