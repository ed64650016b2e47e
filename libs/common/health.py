"""What operators and probes ask of every service."""

import asyncio
from typing import Any

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import func, select, text

from common.tables import OutboxMessage, ParkedMessage

log = structlog.get_logger()

health_router = APIRouter(include_in_schema=False)


@health_router.get("/livez")
async def livez(request: Request) -> Response:
    """The process runs. A lost broker or database is waited for, so neither is a reason to restart it."""
    runtime = request.app.state.runtime
    said = "ok" if runtime.beside_works else "what runs beside the consumer fails"
    return JSONResponse({"status": said if runtime.consumer.healthy else "consumer waits"})


@health_router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Requests can be answered: the database does."""
    try:
        async with asyncio.timeout(2), request.app.state.runtime.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except Exception:
        log.warning("not_ready")
        return Response('{"status":"database unreachable"}', 503, headers={"Retry-After": "5"})
    return Response('{"status":"ready"}', media_type="application/json")


@health_router.get("/metrics")
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@health_router.get("/status")
async def status(request: Request) -> dict[str, Any]:
    """For operators: what waits, what is parked, which policies are in force here."""
    runtime = request.app.state.runtime
    async with runtime.sessions() as session:
        unsent = await session.scalar(
            select(func.count()).select_from(OutboxMessage).where(OutboxMessage.sequence.is_(None))
        )
        parked = await session.scalar(select(func.count(ParkedMessage.parked_id)))
    return {
        "service": runtime.service.name,
        "version": "1.0.0",
        "consumer": "ok" if runtime.consumer.healthy else "stuck",
        "beside": "ok" if runtime.beside_works else "stuck",
        "unsent_events": unsent,
        "parked_messages": parked,
        "policies": dict(runtime.policies.digests),
    }
