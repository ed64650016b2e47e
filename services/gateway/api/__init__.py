"""The public door: views answered here, everything else passed on to the service that owns it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from common.service import Runtime
from gateway.api import docs, forwarding, people, stream, views
from gateway.api.pulse import Pulse

router = views.router
router.include_router(stream.router)


def extend(app: FastAPI, runtime: Runtime) -> None:
    """What the chassis does not know: the public document, the routes passed on, and the embedded default's people."""
    document = docs.public_document()
    pulse = app.state.pulse = Pulse(runtime.engine)
    forwarder = forwarding.Forwarder(runtime.settings.service_urls)
    docs.add_docs(app, document)
    forwarding.add_routes(app, document, forwarder, own=runtime.service.name)
    if runtime.settings.embedded:
        people.add_people(app, runtime.settings)

    outer = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Any) -> AsyncIterator[Any]:
        async with outer(running) as state:
            try:
                yield state
            finally:
                await pulse.stop()
                await forwarder.close()

    app.router.lifespan_context = lifespan
