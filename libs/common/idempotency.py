"""The answer once given to an Idempotency-Key: kept with its effect, given again when the request comes again."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from sqlalchemy.dialects.postgresql import insert

from common.errors import IdempotencyKeyReused, Refused, problem_of
from common.events.decisions import DecisionRecorded
from common.tables import IdempotentAnswer
from common.transaction import Transaction

_MOST_NAMED = 40


class Replayed(Exception):
    """The request was answered before; carries that answer out of the transaction."""

    def __init__(self, kept: IdempotentAnswer) -> None:
        headers = {**(kept.headers or {}), "Idempotent-Replayed": "true"}
        self.answer = Response(kept.body, status_code=kept.status or 200, headers=headers)


async def claim(request: Request, key: str, tx: Transaction) -> None:
    """Take the key, or answer as the first time. A second request with the key waits for the first to end.

    The claim comes before the work, so that a refusal, which undoes the work, does not let a second request in.
    """
    place = {
        "account": tx.actor.account,
        "operation": f"{request.method} {request.url.path}"[:400],
        "key": key,
    }
    digest = hashlib.sha256(await request.body()).hexdigest()
    claim = insert(IdempotentAnswer).values(**place, body_digest=digest, answered_at=tx.now).on_conflict_do_nothing()
    if await tx.session.scalar(claim.returning(IdempotentAnswer.key)) is not None:
        request.scope["idempotency"] = tuple(place.values())
        return
    earlier = await tx.session.get(IdempotentAnswer, tuple(place.values()))
    if earlier is None or earlier.body_digest != digest or earlier.status is None:
        raise IdempotencyKeyReused
    raise Replayed(earlier)


async def keep_answer(request: Request, tx: Transaction) -> None:
    response: Response | None = request.scope.get("answer")
    if response is None:
        return
    if tx.position:
        response.headers["Position"] = tx.position
    decided = [event.decision_id for event in tx.outgoing if isinstance(event, DecisionRecorded)]
    if decided:
        response.headers["Decisions"] = ",".join(decided[:_MOST_NAMED])
    await _keep(request, tx, response)


async def keep_refusal_answer(request: Request, tx: Transaction, refused: Refused) -> None:
    """A refusal is an answer too: the same key gets the same refusal, decided once."""
    await _keep(request, tx, problem_of(request, refused))


async def _keep(request: Request, tx: Transaction, response: Response) -> None:
    """Write the answer beside the claim, in the transaction of what it answers for."""
    place = request.scope.get("idempotency")
    answer = await tx.session.get(IdempotentAnswer, place) if place else None
    if answer is not None:
        answer.status = response.status_code
        answer.headers = _kept_headers(response)
        answer.body = bytes(response.body)
        await tx.session.flush()


def _kept_headers(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "content-length"}


class AnsweredRoute(APIRoute):
    """Shows the transaction the finished answer, so that both can be kept together; replays a kept one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                response = await handle(request)
            except Replayed as replayed:
                return replayed.answer
            request.scope["answer"] = response
            return response

        return answered
