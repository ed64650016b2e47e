"""Bearer tokens: JWT access tokens by RFC 9068, checked by the rules of RFC 8725."""

import asyncio
import hashlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from joserfc.jws import extract_compact

from common.actors import Actor, Role
from common.areas import level_of
from common.settings import Settings

ALGORITHMS = ["Ed25519", "ES256", "RS256", "PS256"]
LONGEST_LIFE = 3600
LEEWAY = 60
_REFRESH_AFTER = 30.0
_REFRESH_IN_ANY_CASE = 600.0
_MOST_KNOWN = 10_000


class BadToken(Exception):
    pass


class IssuerUnreachable(Exception):
    """The issuer's keys cannot be read; nothing can be said about a token."""


class TokenChecker:
    """Checks tokens of one issuer. Its keys come from a JWKS (URL or file), fetched again for a new key id."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer
        self._audience = settings.oidc_audience
        self._source = settings.oidc_jwks or (str(issuer_file(settings.folder)) if settings.embedded else "")
        self._keys: KeySet | None = None
        self._fetched_at = 0.0
        self._fetching = asyncio.Lock()
        self._known: dict[bytes, tuple[Actor, float]] = {}

    async def actor(self, token: str) -> Actor:
        """Who the token speaks for. A token once found good is not checked again until it expires."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and time.time() < known[1]:
            return known[0]
        actor, expires_at = await self._check(token)
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[digest] = actor, expires_at
        return actor

    async def _check(self, token: str) -> tuple[Actor, float]:
        header = _header(token)
        if str(header.get("typ", "")).lower() not in ("at+jwt", "application/at+jwt"):
            raise BadToken("typ is not at+jwt")
        keys = await self._keys_for(str(header["kid"]) if "kid" in header else None)
        try:
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            registry = jwt.JWTClaimsRegistry(
                leeway=LEEWAY,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._audience},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
            )
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            raise BadToken(str(error)) from error
        return _actor_of(claims), float(claims["exp"])

    async def _keys_for(self, key_id: str | None) -> KeySet:
        if self._keys is not None and not self._wants_keys(key_id):
            return self._keys
        async with self._fetching:
            if self._keys is None or self._wants_keys(key_id):
                self._fetched_at = time.monotonic()  # also where it fails: a stream of unknown ids asks once
                self._keys = KeySet.import_key_set(await self._fetch())
                self._known.clear()  # a key may have been withdrawn
            return self._keys

    def _wants_keys(self, key_id: str | None) -> bool:
        """Whether to ask the issuer again: for an id not seen before, soon; in any case after ten minutes."""
        age = time.monotonic() - self._fetched_at
        known = {key.kid for key in self._keys.keys} if self._keys else set()
        return age > _REFRESH_IN_ANY_CASE or (key_id not in known and age > _REFRESH_AFTER)

    async def _fetch(self) -> Any:
        if not self._source:
            raise BadToken("no OIDC_JWKS is set")
        if not self._source.startswith("https://") and not self._source.startswith("http://"):
            private = json.loads(Path(self._source).read_text())
            return {"keys": [{k: v for k, v in key.items() if k != "d"} for key in private["keys"]]}
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                answer = await client.get(self._source)
                answer.raise_for_status()
                return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise IssuerUnreachable(type(error).__name__) from error


def _header(token: str) -> dict[str, Any]:
    try:
        return dict(extract_compact(token.encode()).headers())
    except (JoseError, ValueError, TypeError) as error:
        raise BadToken("not a JWT") from error


def _actor_of(claims: dict[str, Any]) -> Actor:
    if claims["exp"] - claims["iat"] > LONGEST_LIFE:
        raise BadToken("lives longer than an hour")
    try:
        roles = frozenset(Role(name) for name in claims.get("roles", []))
        area = str(claims["area"])
        level_of(area)
    except (KeyError, ValueError, TypeError) as error:
        raise BadToken("roles or area are not valid") from error
    return Actor(account=f"{claims['iss']}|{claims['sub']}", roles=roles, area=area)


def issuer_file(folder: Path) -> Path:
    return folder / "issuer.json"


class NotEmbedded(Exception):
    """The development issuer and the settable clock exist only in the embedded default."""


class DevelopmentIssuer:
    """Signs tokens for made-up people on a machine without an identity provider."""

    def __init__(self, settings: Settings) -> None:
        if not settings.embedded:
            raise NotEmbedded("the development issuer only exists where EMBEDDED is set")
        self._settings = settings
        path = issuer_file(settings.folder)
        if not path.exists():
            key = OKPKey.generate_key("Ed25519", parameters={"kid": "dev-1", "alg": "Ed25519"}, private=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(json.dumps({"keys": [key.as_dict(private=True)]}))
        self._key = OKPKey.import_key(json.loads(path.read_text())["keys"][0])

    def token(self, *, subject: str, roles: list[str], area: str) -> str:
        now = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": self._settings.oidc_issuer,
            "sub": subject,
            "aud": self._settings.oidc_audience,
            "iat": now,
            "exp": now + LONGEST_LIFE,
            "jti": f"{subject}-{time.time_ns()}",
            "client_id": "embedded",
            "roles": roles,
            "area": area,
        }
        header = {"alg": "Ed25519", "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=["Ed25519"])
