"""Time-stamp tokens, with an authority made by openssl; openssl verifies beside us."""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from audit.tests.histories import History
from audit.tlog.timestamps import (
    BadToken,
    TimestampRefused,
    TimestampUnreachable,
    check_token,
    request_token,
)

NOTE = History().note(5).encode()
# PKIStatusInfo with status 2 and no token.
REJECTION = bytes.fromhex("30053003020102")
CONFIGURATION = """
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
{certificates}
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
tsa_name = yes
ess_cert_id_alg = sha256
"""


def openssl(*words: str | Path, folder: Path) -> str:
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


class Authority:
    """A root, an authority below it and its signer for time stamps; `configure` says how it answers."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "empty"]
        (folder / "empty").write_text("[req]\ndistinguished_name=name\n[name]\n")
        (folder / "house").write_text("basicConstraints=critical,CA:true\n")
        (folder / "signer").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n")
        root = ["-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=root", "-days", "3650"]
        openssl("req", "-x509", *key, *root, "-addext", "basicConstraints=critical,CA:true", folder=folder)
        for name, above in (("house", "root"), ("signer", "house")):
            asks = ["-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}"]
            openssl("req", "-new", *key, *asks, folder=folder)
            signed = ["-CA", f"{above}.pem", "-CAkey", f"{above}.key", "-CAcreateserial", "-extfile", name]
            openssl(
                "x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", "-days", "3650", *signed, folder=folder
            )
        self.configure()

    def configure(
        self, *, certificates: tuple[str, ...] = ("house",), digests: str = "sha256", hides_certificates: bool = False
    ) -> None:
        self.hides_certificates = hides_certificates
        chain = "".join((self.folder / f"{name}.pem").read_text() for name in certificates)
        (self.folder / "chain.pem").write_text(chain)
        line = f"certs = {self.folder}/chain.pem" if certificates else ""
        text = CONFIGURATION.format(folder=self.folder, certificates=line, digests=digests)
        (self.folder / "configuration").write_text(text)

    @property
    def root(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    def answer(self, query: bytes) -> bytes:
        if self.hides_certificates:
            query = query[:1] + bytes([query[1] - 3]) + query[2:].removesuffix(b"\x01\x01\xff")
        (self.folder / "query").write_bytes(query)
        said = openssl(
            "ts", "-reply", "-config", "configuration", "-queryfile", "query", "-out", "reply", folder=self.folder
        )
        assert "Response has been generated" in said, said
        return (self.folder / "reply").read_bytes()

    def verifies(self, token: bytes, message: bytes) -> bool:
        (self.folder / "token").write_bytes(token)
        (self.folder / "message").write_bytes(message)
        verify = ["ts", "-verify", "-data", "message", "-in", "token", "-CAfile", "root.pem"]
        return "Verification: OK" in openssl(*verify, folder=self.folder)

    def time_of(self, token: bytes) -> datetime:
        (self.folder / "token").write_bytes(token)
        told = openssl("ts", "-reply", "-in", "token", "-text", folder=self.folder)
        found = re.search(r"Time stamp: (.*) GMT", told)
        assert found, told
        return datetime.strptime(found[1], "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)


class Served(HTTPServer):
    """An authority over HTTP, or what stands in its place."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.authority = authority
        self.status = 200
        self.instead: bytes | None = None
        self.kinds: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/tsa"


class _Handler(BaseHTTPRequestHandler):
    server: Served

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.kinds.append(self.headers["Content-Type"])
        body = self.server.instead
        if body is None:
            body = self.server.authority.answer(query)
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(authority: Authority) -> Iterator[Served]:
    server = Served(authority)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        authority.configure()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "authority")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "stranger")


@pytest.fixture
def served(authority: Authority) -> Iterator[Served]:
    with serving(authority) as server:
        yield server


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    with serving(authority) as server:
        return request_token(server.url, NOTE, timeout_s=30)


class TestGoodToken:
    def test_verifies_here_and_with_openssl(self, authority: Authority, token: bytes) -> None:
        assert authority.verifies(token, NOTE)
        assert check_token(token, NOTE, roots_pem=authority.root) == authority.time_of(token)

    def test_verifies_with_its_root_among_others(self, authority: Authority, stranger: Authority, token: bytes) -> None:
        roots = stranger.root + authority.root

        assert check_token(token, NOTE, roots_pem=roots) == authority.time_of(token)

    @pytest.mark.parametrize("certificates", [("house", "root"), ("root", "house")])
    def test_verifies_in_whatever_order_its_certificates_stand(
        self, served: Served, certificates: tuple[str, ...]
    ) -> None:
        authority = served.authority
        authority.configure(certificates=certificates)

        token = request_token(served.url, NOTE, timeout_s=30)

        assert authority.verifies(token, NOTE)
        assert check_token(token, NOTE, roots_pem=authority.root) == authority.time_of(token)

    def test_is_asked_for_as_the_protocol_says(self, served: Served) -> None:
        request_token(served.url, NOTE, timeout_s=30)

        asked = openssl("ts", "-query", "-in", "query", "-text", folder=served.authority.folder)
        assert served.kinds == ["application/timestamp-query"]
        assert "Hash Algorithm: sha256" in asked
        assert "Certificate required: yes" in asked
        assert "Nonce: 0x" in asked


class TestBadToken:
    def test_over_another_message_is_refused(self, authority: Authority, token: bytes) -> None:
        other = NOTE.replace(b"5", b"6", 1)

        assert not authority.verifies(token, other)
        with pytest.raises(BadToken):
            check_token(token, other, roots_pem=authority.root)

    def test_of_another_authority_is_refused(self, authority: Authority, stranger: Authority, token: bytes) -> None:
        assert not stranger.verifies(token, NOTE)
        with pytest.raises(BadToken):
            check_token(token, NOTE, roots_pem=stranger.root)

    def test_whose_chain_is_not_complete_is_refused(self, served: Served) -> None:
        served.authority.configure(certificates=())
        token = request_token(served.url, NOTE, timeout_s=30)

        assert not served.authority.verifies(token, NOTE)
        with pytest.raises(BadToken):
            check_token(token, NOTE, roots_pem=served.authority.root)

    def test_with_one_changed_byte_never_tells_another_time(self, authority: Authority, token: bytes) -> None:
        told = [_told(_changed(token, at), authority.root) for at in range(len(token))]

        assert set(told) == {None, authority.time_of(token)}
        assert told.count(None) > len(token) - 40  # a few bytes beside the signature say nothing of the time

    @pytest.mark.parametrize("length", [0, 1, 2, 9, 100, -1])
    def test_that_is_cut_short_is_refused(self, authority: Authority, token: bytes, length: int) -> None:
        with pytest.raises(BadToken):
            check_token(token[:length], NOTE, roots_pem=authority.root)

    def test_that_refuses_is_refused(self, authority: Authority) -> None:
        with pytest.raises(BadToken):
            check_token(REJECTION, NOTE, roots_pem=authority.root)

    def test_without_a_root_nothing_is_checked(self, token: bytes) -> None:
        with pytest.raises(ValueError):  # noqa: PT011 - whatever the reader of certificates says
            check_token(token, NOTE, roots_pem=b"")


def _changed(token: bytes, at: int) -> bytes:
    return token[:at] + bytes([token[at] ^ 1]) + token[at + 1 :]


def _told(token: bytes, root: bytes) -> datetime | None:
    try:
        return check_token(token, NOTE, roots_pem=root)
    except BadToken:
        return None


class TestRequest:
    def test_an_authority_that_refuses_is_told_with_its_reason(self, served: Served) -> None:
        served.authority.configure(digests="sha512")

        with pytest.raises(TimestampRefused, match=r"status 2 .*not supported"):
            request_token(served.url, NOTE, timeout_s=30)

    def test_a_token_over_another_message_is_refused(self, served: Served, token: bytes) -> None:
        served.instead = token

        with pytest.raises(TimestampRefused, match="another message"):
            request_token(served.url, NOTE + b"x", timeout_s=30)

    def test_a_token_of_an_earlier_request_is_refused(self, served: Served, token: bytes) -> None:
        served.instead = token

        with pytest.raises(TimestampRefused, match="another request"):
            request_token(served.url, NOTE, timeout_s=30)

    def test_a_token_without_certificates_is_refused(self, served: Served) -> None:
        served.authority.configure(hides_certificates=True)

        with pytest.raises(TimestampRefused, match="without certificate"):
            request_token(served.url, NOTE, timeout_s=30)

    @pytest.mark.parametrize("answer", [b"", b"no token", REJECTION[:-1], b"\x30\x80", b"\x30\x84\xff\xff\xff\xff"])
    def test_what_is_no_token_is_refused(self, served: Served, answer: bytes) -> None:
        served.instead = answer

        with pytest.raises(TimestampRefused, match="no token"):
            request_token(served.url, NOTE, timeout_s=30)

    @pytest.mark.parametrize("status", [301, 404, 500])
    def test_an_authority_in_trouble_is_unreachable(self, served: Served, status: int) -> None:
        served.status, served.instead = status, b""

        with pytest.raises(TimestampUnreachable, match=str(status)):
            request_token(served.url, NOTE, timeout_s=30)

    def test_an_answer_without_end_is_given_up(self, served: Served) -> None:
        served.instead = bytes(200_000)

        with pytest.raises(TimestampUnreachable, match="does not end"):
            request_token(served.url, NOTE, timeout_s=30)

    @pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://127.0.0.1:port/", "ftp://127.0.0.1", "no url"])
    def test_an_authority_that_is_not_there_is_unreachable(self, url: str) -> None:
        with pytest.raises(TimestampUnreachable):
            request_token(url, NOTE)
