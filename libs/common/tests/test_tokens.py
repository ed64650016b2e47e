"""Bearer tokens by RFC 9068, and what RFC 8725 says must not get through."""

import base64
import hmac
import json
import time
from datetime import date

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from common.actors import Role
from common.clock import set_today, today
from common.settings import Settings
from common.tokens import BadToken, DevelopmentIssuer, NotEmbedded, TokenChecker

NOW = int(time.time())
CLAIMS = {
    "iss": "https://issuer.example",
    "sub": "chen",
    "aud": "grassroots-staff",
    "iat": NOW,
    "exp": NOW + 600,
    "jti": "1",
    "roles": ["finance"],
    "area": "320102",
}
HEADER = {"alg": "Ed25519", "typ": "at+jwt", "kid": "k-1"}
KEY = OKPKey.generate_key("Ed25519", parameters={"kid": "k-1", "alg": "Ed25519"})
RSA = RSAKey.generate_key(2048, parameters={"kid": "k-rsa", "alg": "RS256"})
STRANGER = OKPKey.generate_key("Ed25519", parameters={"kid": "k-1", "alg": "Ed25519"})


@pytest.fixture(autouse=True)
def now(monkeypatch):
    """The moment that the claims are made for, however long other tests took since."""
    monkeypatch.setattr(time, "time", lambda: NOW)


@pytest.fixture
def checker(tmp_path):
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(KeySet([KEY, RSA]).as_dict(private=False)))
    return TokenChecker(Settings(oidc_issuer=CLAIMS["iss"], oidc_jwks=str(jwks)))


def signed(*, header=None, key=KEY, without=(), **changed):
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if name not in without}
    header = {**HEADER, **(header or {})}
    return jwt.encode(header, claims, key, algorithms=[header["alg"]])


def unsigned(header, claims=CLAIMS, signature=b""):
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def with_public_key_as_secret():
    """The old confusion: what everybody knows, used as the secret of a symmetric signature."""
    parts = unsigned({"alg": "HS256", "typ": "at+jwt", "kid": "k-rsa"}).rsplit(".", 1)[0]
    mark = hmac.digest(RSA.as_pem(private=False), parts.encode(), "sha256")
    return f"{parts}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


class TestAccepted:
    async def test_tells_who_acts(self, checker):
        actor = await checker.actor(signed())

        assert (actor.account, actor.roles, actor.area) == ("https://issuer.example|chen", {Role.FINANCE}, "320102")

    async def test_the_whole_nation_is_an_empty_area(self, checker):
        assert (await checker.actor(signed(area=""))).area == ""

    async def test_an_rsa_key_of_the_set_and_an_audience_among_others(self, checker):
        token = signed(header={"alg": "RS256", "kid": "k-rsa"}, key=RSA, aud=["other", CLAIMS["aud"]])

        assert (await checker.actor(token)).account

    @pytest.mark.parametrize("typ", ["AT+JWT", "application/at+jwt"])
    async def test_the_type_in_its_other_spellings(self, checker, typ):
        assert await checker.actor(signed(header={"typ": typ}))


REFUSED = {
    "no exp": lambda: signed(without=["exp"]),
    "no iat": lambda: signed(without=["iat"]),
    "no sub": lambda: signed(without=["sub"]),
    "no aud": lambda: signed(without=["aud"]),
    "no iss": lambda: signed(without=["iss"]),
    "no area": lambda: signed(without=["area"]),
    "another audience": lambda: signed(aud="another"),
    "another issuer": lambda: signed(iss="https://other.example"),
    "an empty subject": lambda: signed(sub=""),
    "run out": lambda: signed(iat=NOW - 700, exp=NOW - 100),
    "not yet issued": lambda: signed(iat=NOW + 300, exp=NOW + 600),
    "not yet valid": lambda: signed(nbf=NOW + 300),
    "lives longer than an hour": lambda: signed(exp=NOW + 3601),
    "lives ten years": lambda: signed(iat=NOW - 1, exp=NOW + 315_000_000),
    "lives for ever": lambda: signed(exp=float("inf")),
    "exp is no number": lambda: signed(exp=str(NOW + 60)),
    "exp is NaN": lambda: signed(exp=float("nan")),
    "iat is true": lambda: signed(iat=True),
    "an identity token": lambda: signed(header={"typ": "JWT"}),
    "a logout token": lambda: signed(header={"typ": "logout+jwt"}),
    "a type that is a number": lambda: unsigned({**HEADER, "typ": 1}),
    "a key id that is a list": lambda: unsigned({**HEADER, "kid": ["k-1"]}),
    "no type": lambda: unsigned({"alg": "Ed25519", "kid": "k-1"}),
    "alg none": lambda: unsigned({**HEADER, "alg": "none"}),
    "alg None, signed with nothing": lambda: unsigned({**HEADER, "alg": "None"}, signature=b"x"),
    "HS256 with the public key": with_public_key_as_secret,
    "a stranger's key under our key id": lambda: signed(key=STRANGER),
    "an unknown key id": lambda: signed(header={"kid": "k-9"}),
    "a key brought along": lambda: signed(header={"kid": "k-9", "jwk": STRANGER.as_dict(private=False)}, key=STRANGER),
    "an algorithm of another key": lambda: unsigned({**HEADER, "alg": "ES256"}, signature=b"x" * 64),
    "an unknown critical header": lambda: unsigned({**HEADER, "crit": ["x"], "x": 1}, signature=b"x" * 64),
    "an unknown role": lambda: signed(roles=["king"]),
    "roles that are none": lambda: signed(roles=None),
    "roles that are a word": lambda: signed(roles="finance"),
    "roles of roles": lambda: signed(roles=[["finance"]]),
    "an area that is none": lambda: signed(area=None),
    "an area that is a pattern": lambda: signed(area="%%"),
    "an area that is a word": lambda: signed(area="province"),
    "three words": lambda: "a.b.c",
    "nothing": lambda: "",
    "letters": lambda: "令牌",
    "five parts": lambda: signed() + ".a.b",
    "one letter changed": lambda: signed()[:-3] + ("AAA" if not signed().endswith("AAA") else "BBB"),
}


@pytest.mark.parametrize("kind", REFUSED)
async def test_is_refused(checker, kind):
    with pytest.raises(BadToken):
        await checker.actor(REFUSED[kind]())


async def test_a_key_that_the_issuer_added_is_found(tmp_path, monkeypatch):
    """A new key id makes the checker look again, but not for every forged token."""
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps(KeySet([KEY]).as_dict(private=False)))
    checker = TokenChecker(Settings(oidc_issuer=CLAIMS["iss"], oidc_jwks=str(jwks)))
    await checker.actor(signed())
    new = ECKey.generate_key("P-256", parameters={"kid": "k-2", "alg": "ES256"})
    jwks.write_text(json.dumps(KeySet([KEY, new]).as_dict(private=False)))
    token = signed(header={"alg": "ES256", "kid": "k-2"}, key=new)

    with pytest.raises(BadToken):
        await checker.actor(token)
    monkeypatch.setattr("common.tokens._REFRESH_AFTER", 0.0)
    assert await checker.actor(token)


class TestEmbeddedOnly:
    def test_the_development_issuer_starts_nowhere_else(self, tmp_path):
        with pytest.raises(NotEmbedded):
            DevelopmentIssuer(Settings(embedded=False, folder=tmp_path))

        assert list(tmp_path.iterdir()) == []

    def test_the_clock_can_be_set_nowhere_else(self, tmp_path):
        with pytest.raises(NotEmbedded):
            set_today(Settings(embedded=False, folder=tmp_path), date(2024, 1, 1))

    def test_a_clock_that_was_set_is_not_read_anywhere_else(self, tmp_path):
        set_today(Settings(embedded=True, folder=tmp_path), date(1999, 1, 1))

        assert today(Settings(embedded=True, folder=tmp_path)) == date(1999, 1, 1)
        assert today(Settings(embedded=False, folder=tmp_path)).year > 2000

    async def test_tokens_of_the_development_issuer_mean_nothing_anywhere_else(self, tmp_path):
        token = DevelopmentIssuer(Settings(embedded=True, folder=tmp_path)).token(subject="x", roles=[], area="")

        with pytest.raises(BadToken, match="no OIDC_JWKS"):
            await TokenChecker(Settings(embedded=False, folder=tmp_path)).actor(token)

    def test_its_key_is_for_its_owner_alone(self, tmp_path):
        DevelopmentIssuer(Settings(embedded=True, folder=tmp_path))

        assert (tmp_path / "issuer.json").stat().st_mode & 0o777 == 0o600


class TestKnown:
    """A token once found good is not checked again, but only as long as it is."""

    async def test_a_known_token_is_not_verified_again(self, checker, monkeypatch):
        token = signed()
        first = await checker.actor(token)

        monkeypatch.setattr(jwt, "decode", None)

        assert await checker.actor(token) == first

    async def test_a_known_token_is_refused_once_it_has_expired(self, checker, monkeypatch):
        token = signed()
        await checker.actor(token)

        monkeypatch.setattr(time, "time", lambda: NOW + 700)

        with pytest.raises(BadToken):
            await checker.actor(token)

    async def test_a_token_like_a_known_one_is_checked(self, checker):
        token = signed()
        await checker.actor(token)

        with pytest.raises(BadToken):
            await checker.actor(token[:-4] + "AAAA")
