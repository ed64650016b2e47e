"""Time-stamp tokens over checkpoints: RFC 3161, SHA-256, the signer's certificate inside.

A token is kept as the authority answers it (DER of TimeStampResp), so that `openssl ts -verify -in` reads it too. One
over the note of a checkpoint says of every entry below its size that it was there at that time.
"""

import hashlib
import time
from datetime import UTC, datetime

import httpx
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from rfc3161_client.tsp import PKIStatus

_LONGEST_TOKEN = 100_000  # bytes
_PATIENCE = 2  # times the timeout, for an answer that comes drop by drop
_CERTIFICATES = 0xA0  # the tag of [0] in SignedData, RFC 5652 §5.1


class BadToken(Exception):
    """The token does not prove what it should; the reason says why."""


class TimestampRefused(Exception):
    """The authority answered, and not with a token over what was sent; the reason says what."""


class TimestampUnreachable(Exception):
    """The authority gave no answer, or none of its protocol."""


def request_token(url: str, message: bytes, timeout_s: float = 10) -> bytes:
    """The token of the authority at `url` over `message`: RFC 3161 §3.4 over HTTP.

    It is over this message and answers this request; who signed it is for `check_token` to find out. `timeout_s` holds
    for each step of the network. Raises `TimestampRefused`, `TimestampUnreachable`, ValueError for an empty message.
    """
    request = (
        TimestampRequestBuilder()
        .data(message)
        .hash_algorithm(HashAlgorithm.SHA256)
        .cert_request(cert_request=True)
        .build()
    )
    token = _post(url, request.as_bytes(), timeout_s)
    try:
        answer = _decode(token)
        if answer.status != PKIStatus.GRANTED:
            said = "; ".join(answer.status_string)
            raise TimestampRefused(f"status {answer.status} {said}".rstrip())
        _require_answer(request, answer, message)
    except ValueError as fault:
        raise TimestampRefused(f"no token: {fault}") from None
    return token


def check_token(token: bytes, message: bytes, *, roots_pem: bytes) -> datetime:
    """The time (UTC) that an authority under one of these certificates gives to `message`.

    The certificates need to have been valid at that time, not now. Raises `BadToken`, and ValueError when `roots_pem`
    holds no certificate.
    """
    verifier = VerifierBuilder(roots=x509.load_pem_x509_certificates(roots_pem)).build()
    try:
        answer = _decode(token)
        verifier.verify_message(answer, message)
        return answer.tst_info.gen_time.astimezone(UTC)
    except (ValueError, VerificationError) as fault:
        raise BadToken(str(fault)) from None


def _decode(token: bytes) -> TimeStampResponse:
    """Raises ValueError. Many authorities put their certificates in the order of the chain, DER wants that of a set."""
    try:
        signed = _members(_members(_members(token)[1])[1])[0]
        certificates = next(_members(one) for one in _members(signed) if one[0] == _CERTIFICATES)
    except (IndexError, StopIteration):
        return decode_timestamp_response(token)
    return decode_timestamp_response(token.replace(b"".join(certificates), b"".join(sorted(certificates)), 1))


def _members(der: bytes) -> list[bytes]:
    """What stands inside a DER element, each with its tag and length. Raises IndexError for what is none."""
    members = []
    at = _start(der, 0)
    while at < len(der):
        end = _start(der, at) + _length(der, at)
        members.append(der[at:end])
        at = end
    return members


def _start(der: bytes, at: int) -> int:
    """Where the content of the element at `at` begins."""
    return at + 2 + (der[at + 1] & 0x7F if der[at + 1] & 0x80 else 0)


def _length(der: bytes, at: int) -> int:
    return int.from_bytes(der[at + 2 : _start(der, at)], "big") if der[at + 1] & 0x80 else der[at + 1]


def _require_answer(request: TimeStampRequest, answer: TimeStampResponse, message: bytes) -> None:
    """RFC 3161 §2.4.2: the token is over what was sent and carries the number that was sent."""
    if answer.tst_info.message_imprint.message != hashlib.sha256(message).digest():
        raise TimestampRefused("the token is over another message")
    if answer.tst_info.nonce != request.nonce:
        raise TimestampRefused("the token answers another request")
    if not answer.signed_data.certificates:
        raise TimestampRefused("the token comes without certificate")


def _post(url: str, query: bytes, timeout_s: float) -> bytes:
    until = time.monotonic() + _PATIENCE * timeout_s
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    token = b""
    try:
        with (
            httpx.Client(timeout=timeout_s, follow_redirects=False) as client,
            client.stream("POST", url, content=query, headers=headers) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise TimestampUnreachable(f"{url}: {response.status_code}")
            for part in response.iter_bytes():
                token += part
                if len(token) > _LONGEST_TOKEN or time.monotonic() > until:
                    raise TimestampUnreachable(f"{url}: the answer does not end")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise TimestampUnreachable(f"{url}: {error or type(error).__name__}") from error
    return token
