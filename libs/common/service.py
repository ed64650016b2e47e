"""A service is described by values; the chassis runs it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Annotated, Any, cast

import orjson
import structlog
from fastapi import APIRouter, Depends, FastAPI, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from starlette.types import Lifespan

from common.access import access_matrix
from common.actors import Actor
from common.batches import BatchConsumer, Heard
from common.clock import today, utc_now
from common.consumer import AnyHandler, Consumer, Handler
from common.errors import (
    BusinessError,
    IssuerAway,
    NotAllowed,
    NotYetThatDay,
    Unauthenticated,
    add_error_handlers,
)
from common.fields import Sealer
from common.health import health_router
from common.idempotency import AnsweredRoute, claim, keep_answer, keep_refusal_answer
from common.keys import Keys, load_keys
from common.observability import Observed, configure_logging, configure_tracing
from common.policy import Policies, load_policies
from common.relay import Relay
from common.settings import Settings
from common.tokens import BadToken, IssuerUnreachable, TokenChecker
from common.transaction import (
    FindParameters,
    Sessions,
    Transaction,
    open_engine,
    open_sessions,
    reading,
    transaction,
)
from common.waiting import wait_for as wait_until_reflected

log = structlog.get_logger()

_PAUSE = 1.0


@dataclass(frozen=True)
class Service:
    """Name, routes and what it does when others speak. `empty` clears a view that topics can build again.

    `handle_any` hears every event of `streams`, one by one. `handle_batch` hears them many at a time, in the order of
    each topic: such a service has no inbox, it tells repeats, gaps and late arrivals apart by itself, and nothing waits
    behind a parked message of its key. `beside` runs next to the consumer, in its process, and is begun again when it
    fails; it says in `Runtime.beside_works` how it goes. `parameters` finds the rows that clauses refer to, in a
    service that keeps some.
    """

    name: str
    title: str
    router: APIRouter
    tables: MetaData
    handlers: Mapping[Any, Handler] = field(default_factory=dict)
    handle_any: AnyHandler | None = None
    handle_batch: "Callable[[Runtime, Transaction, Sequence[Heard]], Awaitable[None]] | None" = None
    streams: tuple[str, ...] = ("events", "decisions")
    beside: "Callable[[Runtime], Awaitable[None]] | None" = None
    empty: Callable[[AsyncSession], Awaitable[None]] | None = None
    extend: Callable[[FastAPI, "Runtime"], None] | None = None
    more_routers: tuple[APIRouter, ...] = ()
    parameters: FindParameters | None = None


class Runtime:
    """One service in one process: its engine, policies, keys, and the parts it was asked to run."""

    def __init__(self, service: Service, settings: Settings) -> None:
        self.service = service
        self.settings = settings
        self.engine: AsyncEngine = open_engine(settings.database_url)
        self.sessions: Sessions = open_sessions(self.engine)
        self.policies: Policies = load_policies(settings.policies_dir)
        self.keys: Keys = load_keys(settings.keys_path)
        self.sealer = Sealer(self.keys)
        self.beside_works = True
        self.tokens = TokenChecker(settings)
        self.relay = Relay(service=service.name, engine=self.engine, settings=settings, keys=self.keys)
        self.consumer = consumer_of(
            service, sessions=self.sessions, settings=settings, policies=self.policies, runtime=self
        )

    def app(self, *, parts: frozenset[str] = frozenset({"api"})) -> FastAPI:
        """The HTTP application with those of `api`, `relay` and `consumer` that this process is to run."""
        configure_logging(service=self.service.name, form=self.settings.log_format, level=self.settings.log_level)
        configure_tracing(service=self.service.name)

        @asynccontextmanager
        async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
            gc.freeze()  # what is loaded by now stays: looking through it again and again costs more than it frees
            tasks = [asyncio.create_task(self.part(name)) for name in sorted(parts - {"api"})]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                await self.engine.dispose()

        app = bare_app(self.service, lifespan=lifespan)
        app.state.runtime = self
        app.include_router(health_router)
        add_error_handlers(app)
        app.add_middleware(Observed, service=self.service.name)
        if "api" in parts:
            self._add_routes(app)
        return app

    def _add_routes(self, app: FastAPI) -> None:
        add_routes(app, self.service)
        if self.service.extend:
            self.service.extend(app, self)

    async def part(self, name: str) -> None:
        if name == "relay":
            await self.relay.run()
        elif self.service.beside is None:
            await self.consumer.run()
        else:
            await asyncio.gather(self.consumer.run(), self._run_beside(self.service.beside))

    async def _run_beside(self, beside: "Callable[[Runtime], Awaitable[None]]") -> None:
        while True:
            try:
                await beside(self)
            except Exception as error:
                self.beside_works = False
                log.exception("beside_failed", error=type(error).__name__)
            await asyncio.sleep(_PAUSE)


def consumer_of(
    service: Service, *, sessions: Sessions, settings: Settings, policies: Policies, runtime: Runtime | None = None
) -> Consumer:
    """Without a `runtime` it can be asked what it hears, and no more."""
    names = ("handlers", "handle_any", "streams", "empty")
    described = {"service": service.name} | {name: getattr(service, name) for name in names}
    described |= {"sessions": sessions, "settings": settings, "policies": policies}
    described |= {"find_parameters": service.parameters}
    if service.handle_batch is None:
        return Consumer(**described)
    return BatchConsumer(handle_batch=partial(service.handle_batch, cast(Runtime, runtime)), **described)


def bare_app(service: Service, *, lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """The application with nothing in it yet: no routes, no database; its document says what `add_routes` adds."""
    return FastAPI(
        title=service.title,
        version="1.0.0",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=True,
        # `Observed` makes the span, the log line and the measurement of a request; FastAPI would make them again.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        generate_unique_id_function=lambda route: route.name,
    )


def add_routes(app: FastAPI, service: Service) -> None:
    for router in (service.router, *service.more_routers):
        app.include_router(router, prefix="/v1", dependencies=[Depends(authorise)])


def new_router(tag: str) -> APIRouter:
    return APIRouter(tags=[tag], route_class=AnsweredRoute)


def runtime_of(request: Request) -> Runtime:
    return request.app.state.runtime  # type: ignore[no-any-return]


_bearer = HTTPBearer(auto_error=False, description="OIDC access token (RFC 9068)")


async def signed_in(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Actor:
    if credentials is None:
        raise Unauthenticated(reason="no bearer token")
    try:
        return await runtime_of(request).tokens.actor(credentials.credentials)
    except BadToken as error:
        raise Unauthenticated(reason=str(error)) from error
    except IssuerUnreachable as error:
        raise IssuerAway from error


async def authorise(request: Request, actor: Annotated[Actor, Depends(signed_in)]) -> Actor:
    """Whoever signed in, in those roles alone that the operation is open to."""
    operation = request.scope["route"].name
    allowed = access_matrix().get(operation, frozenset())
    held = actor.roles & allowed
    if not held:
        raise NotAllowed(operation=operation, roles=", ".join(sorted(allowed)))
    return replace(actor, roles=held)


CurrentActor = Annotated[Actor, Depends(authorise)]


def business_day(request: Request) -> date:
    return today(runtime_of(request).settings)


Today = Annotated[date, Depends(business_day)]


IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=255,
        description="同一操作重试时使用同一键：结果只产生一次，再次提交得到第一次的答复。",
    ),
]


WaitFor = Annotated[
    str | None,
    Header(
        alias="Wait-For",
        max_length=2000,
        description="先前办理所得的 Position（可多个，逗号分隔）：待其结果在此处可见后再办理。",
    ),
]


async def _wait_for(runtime: Runtime, header: str | None) -> None:
    if header:
        await wait_until_reflected(runtime.sessions, header, services=runtime.consumer.hears())


async def _refuse_the_future(request: Request) -> None:
    """The day of an act (`on`) may be told late, never before it has come: waiting periods hang on it."""
    try:
        body = orjson.loads(await request.body())
        day = date.fromisoformat(body["on"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return  # the body's own check says what is wrong with it
    if day > business_day(request):
        raise NotYetThatDay(on=day.isoformat(), today=business_day(request).isoformat())


async def open_transaction(
    request: Request, actor: CurrentActor, idempotency_key: IdempotencyKey = None, wait_for: WaitFor = None
) -> AsyncIterator[Transaction]:
    """Commits before the answer leaves (`scope="function"`): a client never holds a 2xx that was not kept.

    What a read answers is not kept, whatever key comes with it: it would stay when it is erased elsewhere.
    """
    runtime = runtime_of(request)
    key = idempotency_key.strip('"') if idempotency_key is not None and request.method != "GET" else None
    await _refuse_the_future(request)
    await _wait_for(runtime, wait_for)
    async with transaction(
        runtime.sessions,
        actor=actor,
        now=utc_now(),
        service=runtime.service.name,
        policies=runtime.policies,
        find_parameters=runtime.service.parameters,
        begin=partial(claim, request, key) if key is not None else None,
        finish=partial(keep_answer, request),
        keep_refusal=partial(keep_refusal_answer, request),
    ) as tx:
        yield tx


Tx = Annotated[Transaction, Depends(open_transaction, scope="function")]


async def open_reading(request: Request, actor: CurrentActor, wait_for: WaitFor = None) -> AsyncIterator[AsyncSession]:
    await _wait_for(runtime_of(request), wait_for)
    async with reading(runtime_of(request).sessions, actor=actor) as session:
        yield session


Reading = Annotated[AsyncSession, Depends(open_reading, scope="function")]


def sealer_of(request: Request) -> Sealer:
    return runtime_of(request).sealer


CurrentSealer = Annotated[Sealer, Depends(sealer_of)]


def cursor_key(request: Request) -> bytes:
    return runtime_of(request).keys.cursor


CursorKey = Annotated[bytes, Depends(cursor_key)]


__all__ = [
    "AnsweredRoute",
    "BusinessError",
    "CurrentActor",
    "CurrentSealer",
    "CursorKey",
    "IdempotencyKey",
    "Reading",
    "Runtime",
    "Service",
    "Today",
    "Tx",
    "new_router",
]
