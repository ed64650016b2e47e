"""Requests passed on to the service that owns the operation, and its answer passed back as it is."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

import httpx
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect
from starlette.routing import Route

from common.errors import BusinessError
from common.observability import current_traceparent

log = structlog.get_logger()

LONGEST_BODY = 1_048_576
TIMEOUT = httpx.Timeout(30.0, connect=2.0, pool=5.0)

# Named, not excluded: what is not here, hop-by-hop headers among it, goes no further.
_REQUEST_HEADERS = (
    "accept",
    "accept-language",
    "authorization",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-none-match",
    "tracestate",
    "wait-for",
)
_ANSWER_HEADERS = (
    "allow",
    "cache-control",
    "content-disposition",
    "content-language",
    "content-type",
    "decisions",
    "etag",
    "idempotent-replayed",
    "last-modified",
    "location",
    "position",
    "retry-after",
    "vary",
    "www-authenticate",
)
_SAFE = ("GET", "HEAD")
# Only with these is it sure that the service has seen nothing of the request.
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class ServiceUnreachable(BusinessError):
    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}
    zh = "承办此事项的服务（{service}）暂时无法连接，此次提交未送达。请稍后用同一 Idempotency-Key 重试，不会重复办理。"
    en = (
        "The service in charge ({service}) cannot be reached; the request was not passed on. "
        "Try again with the same Idempotency-Key."
    )


class ServiceTooSlow(BusinessError):
    status = 504
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}
    zh = (
        "承办此事项的服务（{service}）未在时限内答复，是否办成未知。"
        "请用同一 Idempotency-Key 重试以得到结果；未带 Idempotency-Key 的，请先查看是否已办成，再决定是否重新提交。"
    )
    en = (
        "The service in charge ({service}) did not answer in time; whether it was done is not known. "
        "Try again with the same Idempotency-Key to learn it; without a key, look first whether it was done."
    )


class OutcomeUnknown(BusinessError):
    """The request was on its way when the connection broke: it may have been carried out."""

    status = 504
    headers: ClassVar[dict[str, str]] = {"Retry-After": "2"}
    zh = (
        "与承办此事项的服务（{service}）的连接在提交后中断，是否办成未知。"
        "请用同一 Idempotency-Key 重试以得到结果；未带 Idempotency-Key 的，请先查看是否已办成，再决定是否重新提交。"
    )
    en = (
        "The connection to the service in charge ({service}) broke after the request was sent; whether it was done is "
        "not known. Try again with the same Idempotency-Key to learn it; without a key, look first whether it was done."
    )


class BodyTooLarge(BusinessError):
    status = 413
    zh = "请求内容超过 {longest} 字节的上限，请拆分后提交。"
    en = "The body is larger than {longest} bytes; send it in parts."


class Forwarder:
    """One pool of connections for all services."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = {name: httpx.URL(url) for name, url in urls.items()}
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=30.0),
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def forward(self, request: Request, *, service: str) -> Response:
        url = self._urls.get(service)
        if url is None:
            log.error("service_without_url", service=service)
            raise ServiceUnreachable(service=service)
        query = request.scope["query_string"]
        path = request.scope.get("raw_path") or request.url.path.encode()
        outgoing = httpx.Request(
            request.method,
            url.copy_with(raw_path=path + (b"?" + query if query else b"")),
            headers=_passed_on(request),
            content=await _body(request),
        )
        answer = await self._send(outgoing, service=service)
        headers = {name: answer.headers[name] for name in _ANSWER_HEADERS if name in answer.headers}
        return Response(answer.content, status_code=answer.status_code, headers=headers)

    async def _send(self, outgoing: httpx.Request, *, service: str) -> httpx.Response:
        # A kept connection may have died unseen; asking once more is safe where it cannot do anything twice.
        tries = 2 if outgoing.method in _SAFE or "idempotency-key" in outgoing.headers else 1
        sent = False
        while True:
            tries -= 1
            try:
                return await self._client.send(outgoing)
            except _NEVER_SENT as error:
                log.warning("service_unreachable", upstream=service, error=type(error).__name__)
                raise (OutcomeUnknown if sent else ServiceUnreachable)(service=service) from error
            except httpx.TimeoutException as error:
                log.warning("service_too_slow", upstream=service)
                raise ServiceTooSlow(service=service) from error
            except httpx.TransportError as error:
                sent = True
                if not tries:
                    log.warning("service_broke_off", upstream=service, error=type(error).__name__)
                    raise OutcomeUnknown(service=service) from error


def _passed_on(request: Request) -> dict[str, str]:
    headers = {name: request.headers[name] for name in _REQUEST_HEADERS if name in request.headers}
    headers["x-request-id"] = request.scope.get("request_id", "")
    traceparent = current_traceparent() or request.headers.get("traceparent")
    if traceparent:
        headers["traceparent"] = traceparent
    return headers


async def _body(request: Request) -> bytes:
    """The whole body, up to the limit; a client that says it sends more is stopped before it does."""
    said = request.headers.get("content-length", "0")
    if said.isdigit() and int(said) > LONGEST_BODY:
        raise BodyTooLarge(longest=LONGEST_BODY)
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > LONGEST_BODY:
            raise BodyTooLarge(longest=LONGEST_BODY)
    return bytes(content)


def add_routes(app: FastAPI, document: Mapping[str, Any], forwarder: Forwarder, *, own: str) -> None:
    """A route for every operation of the public document that another service owns."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            service = operation.get("x-service", own)
            if service == own:
                continue
            route = Route(path, _endpoint(forwarder, service), methods=[method.upper()], name=operation["operationId"])
            route.methods = {method.upper()}  # a GET alone would bring a HEAD that no service answers
            app.router.routes.append(route)
    # The log is files for everybody's tools, not an operation (C2SP tlog-tiles).
    app.router.routes.append(Route("/log/{path:path}", _endpoint(forwarder, "audit"), methods=["GET"], name="read_log"))


def _endpoint(forwarder: Forwarder, service: str) -> Callable[[Request], Awaitable[Response]]:
    async def forward(request: Request) -> Response:
        try:
            return await forwarder.forward(request, service=service)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody is there to read it

    return forward
