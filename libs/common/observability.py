"""Logs as JSON, traces over HTTP and the bus, metrics: on in every service because the chassis switches them on."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import structlog
from opentelemetry import propagate, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, SpanKind
from prometheus_client import Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

REQUESTS = Histogram("http_request_seconds", "Time to answer", ["service", "operation", "status"])
OUTBOX_UNSENT = Gauge("outbox_unsent", "Events not yet given to Kafka", ["service"])
OUTBOX_AGE = Gauge("outbox_oldest_unsent_seconds", "Age of the oldest of them", ["service"])
OUTBOX_SENT = Counter("outbox_sent_total", "Events given to Kafka", ["service"])
CONSUMER_LAG = Gauge("consumer_lag", "Events not yet handled", ["service", "topic"])
HANDLED = Counter("events_handled_total", "Events handled", ["service", "type"])
PARKED = Gauge("parked_messages", "Events set aside for an operator", ["service"])

_tracer = trace.get_tracer("common")


def configure_logging(*, service: str, form: str, level: str) -> None:
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if form == "text" else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.format_exc_info,
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    structlog.contextvars.bind_contextvars(service=service)


def configure_tracing(*, service: str) -> None:
    """Spans are made in any case; they leave the process where OTEL_EXPORTER_OTLP_ENDPOINT names a collector."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def _add_trace(_logger: Any, _method: str, entry: dict[str, Any]) -> dict[str, Any]:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        entry["trace_id"] = format(context.trace_id, "032x")
    return entry


def current_traceparent() -> str | None:
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def consuming(*, type_name: str, traceparent: str | None) -> Iterator[None]:
    """A span of its own for the handling of an event, linked to the request that caused it."""
    context = propagate.extract({"traceparent": traceparent} if traceparent else {})
    cause = trace.get_current_span(context).get_span_context()
    links = [Link(cause)] if cause.is_valid else []
    with _tracer.start_as_current_span(f"handle {type_name}", context=context, kind=SpanKind.CONSUMER, links=links):
        yield


class Observed:
    """Plain ASGI middleware: request id, span, one log line and one measurement for each request."""

    def __init__(self, app: ASGIApp, *, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        request_id = headers.get("x-request-id", "")[:64] or uuid4().hex
        scope["request_id"] = request_id
        status = 500
        begun = time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        context = propagate.extract(headers)
        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            _tracer.start_as_current_span(f"{scope['method']}", context=context, kind=SpanKind.SERVER),
        ):
            try:
                await self._app(scope, receive, answer)
            except Exception:
                log.exception("request_broke")
                raise
            finally:
                self._keep(scope, status, time.perf_counter() - begun)

    def _keep(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        operation = getattr(route, "operation_id", None) or getattr(route, "name", None) or "none"
        REQUESTS.labels(self._service, operation, str(status)).observe(seconds)
        if scope["path"] not in ("/livez", "/readyz", "/metrics"):
            log.info("request", operation=operation, method=scope["method"], status=status, ms=round(seconds * 1000, 1))
