"""One request or one message is one transaction: rows, events and decisions commit together or not at all."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from os import urandom
from typing import Any, Protocol, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import DateTime, LargeBinary, Select, String, bindparam, event, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session

from common.actors import Actor
from common.areas import area_at, code_range
from common.errors import Refused
from common.events import Event
from common.events.decisions import DecisionRecorded
from common.observability import current_traceparent
from common.policy import NO_PARAMETERS, Decision, Parameters, Policies, Rule
from common.policy.decisions import decide_by
from common.policy.documents import Answer, NoClause, left_open
from common.tables import OutboxMessage, PolicyChoice
from common.wording import describe_decision

T = TypeVar("T")

# Kafka takes a megabyte; what it will not take would stand in the way of every later event for good.
LARGEST_EVENT = 900_000

_TURN = text("SELECT nextval('outbox_turn'), pg_notify('outbox', '')")
_READY = text("""
INSERT INTO outbox_message (event_id, stream, turn, ordinal, key, type, body, traceparent, recorded_at)
SELECT given.event_id, :stream, :turn, :first + given.place - 1, given.key, :type, given.body, :traceparent,
       :recorded_at
FROM unnest(:ids, :keys, :bodies) WITH ORDINALITY AS given (event_id, key, body, place)
""").bindparams(
    bindparam("ids", type_=ARRAY(String)),
    bindparam("keys", type_=ARRAY(String)),
    bindparam("bodies", type_=ARRAY(LargeBinary)),
    bindparam("recorded_at", type_=DateTime(timezone=True)),
    bindparam("traceparent", type_=String),
)
SCOPE = text("SELECT set_config('app.area_from', :lowest, true), set_config('app.area_to', :highest, true)")
_READ_SCOPE = text(f"{SCOPE.text}, set_config('transaction_read_only', 'on', true)")


class Governed(Protocol):
    """Anything policy can be asked about: it lies in an area and concerns a kind of staff.

    Where it also has an `organisation_id`, the decision says whose staff it is about.
    """

    @property
    def area(self) -> str: ...
    @property
    def staff(self) -> str: ...


@dataclass(frozen=True)
class About:
    """Area and kind of staff, where there is no row yet that has both."""

    area: str
    staff: str
    organisation_id: str | None = None


class FindParameters(Protocol):
    """The checked rows of these codes that may have the say in an area, or within it."""

    async def __call__(self, session: AsyncSession, *, codes: Set[str] | None, area: str) -> Parameters: ...


def open_engine(database_url: str, *, pool_size: int = 10) -> AsyncEngine:
    return create_async_engine(
        database_url,
        pool_size=pool_size,
        max_overflow=pool_size,
        hide_parameters=True,  # an error must not carry names and numbers into a log
        json_serializer=lambda value: orjson.dumps(value, default=str).decode(),
        json_deserializer=orjson.loads,
    )


class ScopedSession(Session):
    """A session that tells the database, at each begin, whose eyes it sees with. Unset means nothing is seen."""


@event.listens_for(ScopedSession, "after_begin")
def _set_scope(session: Session, begun: Any, connection: Any) -> None:
    actor: Actor | None = session.info.get("actor")
    if actor is not None and not begun.nested:
        lowest, highest = code_range(actor.area)
        scope = _READ_SCOPE if session.info.get("reads") else SCOPE
        connection.execute(scope, {"lowest": lowest, "highest": highest})


Sessions = async_sessionmaker[AsyncSession]


def open_sessions(engine: AsyncEngine) -> Sessions:
    return async_sessionmaker(engine, expire_on_commit=False, sync_session_class=ScopedSession)


@dataclass(frozen=True)
class Ready:
    """Many events of one class as they go out: the key and the body of each."""

    event: type[Event]
    keys: Sequence[str]
    bodies: Sequence[bytes]


@dataclass
class Transaction:
    """What a use case receives: it decides, requires, records, emits; the boundary commits."""

    session: AsyncSession
    actor: Actor
    now: datetime
    service: str
    policies: Policies
    find_parameters: FindParameters | None = None
    outgoing: list[Event] = field(default_factory=list)
    ready: list[Ready] = field(default_factory=list)
    position: str | None = None

    async def decide(self, rule: Rule[T], *, about: Governed, on: date, **facts: Any) -> Decision[T]:
        """The decision of the nearest clause in force on the day; NoClause where no document answers."""
        answer = self.policies.nearest(rule, area=about.area, staff=about.staff, on=on)
        return await self._by(answer, rule, about=about, on=on, facts=facts)

    async def parameters_for(self, answer: Answer, *, area: str, on: date) -> Parameters:
        """The rows that the clause refers to; none where it refers to none, or the service keeps none."""
        codes = answer.codes_on(on)
        if not codes or self.find_parameters is None:
            return NO_PARAMETERS
        return await self.find_parameters(self.session, codes=codes, area=area)

    async def decide_every(self, rule: Rule[T], *, about: Governed, on: date, **facts: Any) -> list[Decision[T]]:
        """One decision for each clause in force: for rules whose clauses add up."""
        answers = self.policies.in_force(rule, area=about.area, staff=about.staff, on=on)
        if not answers:
            raise NoClause(rule=rule.name, area=about.area, staff=about.staff, on=on)
        return [await self._by(answer, rule, about=about, on=on, facts=facts) for answer in answers]

    async def decide_where_ruled(self, rule: Rule[T], *, about: Governed, on: date, **facts: Any) -> Decision[T] | None:
        """As `decide`, or None where no document speaks: for duties that only arise from a document."""
        if not self.policies.in_force(rule, area=about.area, staff=about.staff, on=on):
            return None
        return await self.decide(rule, about=about, on=on, **facts)

    async def _by(
        self, answer: Answer, rule: Rule[T], *, about: Governed, on: date, facts: Mapping[str, Any]
    ) -> Decision[T]:
        choices = await self._choices(answer, area=about.area, on=on)
        return decide_by(
            answer,
            self.policies,
            rule,
            area=about.area,
            staff=about.staff,
            on=on,
            choices={term: choice.value for term, choice in choices.items()},
            facts=facts,
            chosen_on={term: choice.starts_on for term, choice in choices.items()},
            organisation=getattr(about, "organisation_id", None),
            parameters=await self.parameters_for(answer, area=about.area, on=on),
        )

    async def _choices(self, answer: Answer, *, area: str, on: date) -> dict[str, PolicyChoice]:
        choices = {}
        for term, value in answer.values_on(on).items():
            open_term = left_open(value)
            chooser = area_at(area, open_term.chosen_by) if open_term else None
            if chooser is None:
                continue
            found = await self.session.scalar(
                select(PolicyChoice)
                .where(PolicyChoice.clause == answer.clause.clause_id, PolicyChoice.term == term)
                .where(PolicyChoice.area == chooser, PolicyChoice.starts_on <= on)
                .order_by(PolicyChoice.starts_on.desc())
                .limit(1)
            )
            if found is not None:
                choices[term] = found
        return choices

    def record(self, decision: Decision[Any], *, subject: str) -> None:
        """Keep a decision that is not a permission: an amount, a grade, a list of stages."""
        self.outgoing.append(_recorded(decision, subject=subject, account=self.actor.account, now=self.now))

    def require(self, *decisions: Decision[Any], subject: str) -> None:
        """Keep the decisions and go on, or stop with those that refuse."""
        refusals = [decision for decision in decisions if not decision.permits]
        if refusals:
            raise Refused(*refusals, subject=subject)
        for decision in decisions:
            self.record(decision, subject=subject)

    def emit(self, event: Event) -> None:
        self._require_own(type(event))
        self.outgoing.append(event)

    def emit_ready(self, event: type[Event], keys: Sequence[str], bodies: Sequence[bytes]) -> None:
        """Thousands of one class at once, after all others: an object for each would cost more than all the rest.

        Whoever makes the bodies answers for their being what `emit` would write, byte for byte.
        """
        self._require_own(event)
        if keys:
            self.ready.append(Ready(event, keys, bodies))

    def _require_own(self, event: type[Event]) -> None:
        if event.publisher != self.service:
            raise ValueError(f"{self.service} cannot publish {event.type_name()}")

    async def write_outgoing(self) -> None:
        if not self.outgoing and not self.ready:
            return
        turn = await self.session.scalar(_TURN)
        traceparent = current_traceparent()
        ids = _event_ids(len(self.outgoing) + sum(len(ready.keys) for ready in self.ready))
        rows: list[dict[str, Any]] = [
            {
                "event_id": event_id,
                "stream": event.stream,
                "turn": turn,
                "ordinal": ordinal,
                "key": event.key,
                "type": event.type_name(),
                "body": orjson.dumps(event.model_dump(mode="json")),
                "traceparent": traceparent,
                "recorded_at": self.now,
            }
            for ordinal, (event_id, event) in enumerate(zip(ids, self.outgoing, strict=False))
        ]
        _require_room({row["type"]: len(row["body"]) for row in sorted(rows, key=lambda row: len(row["body"]))})
        if rows:
            await self.session.execute(insert(OutboxMessage), rows)
        said = [row["event_id"] for row in rows if row["stream"] == Event.stream]
        first = len(rows)
        for ready in self.ready:
            own = ids[first : first + len(ready.keys)]
            await self._write_ready(ready, own, turn=turn, first=first, traceparent=traceparent)
            said += own if ready.event.stream == Event.stream else []
            first += len(own)
        if said:
            self.position = f"{self.service}:{said[-1]}:{len(said)}"

    async def _write_ready(
        self, ready: Ready, ids: list[str], *, turn: Any, first: int, traceparent: str | None
    ) -> None:
        _require_room({ready.event.type_name(): max(map(len, ready.bodies))})
        await self.session.execute(
            _READY,
            {
                "ids": ids,
                "stream": ready.event.stream,
                "turn": turn,
                "first": first,
                "keys": ready.keys,
                "type": ready.event.type_name(),
                "bodies": ready.bodies,
                "traceparent": traceparent,
                "recorded_at": self.now,
            },
        )


def _require_room(sizes: Mapping[str, int]) -> None:
    for name, size in sizes.items():
        if size > LARGEST_EVENT:
            raise ValueError(f"{name} is too large for the bus")


def _event_ids(count: int) -> list[str]:
    """Random UUIDs (RFC 9562, version 4), drawn together."""
    drawn = urandom(16 * count)
    return [str(UUID(bytes=drawn[at : at + 16], version=4)) for at in range(0, 16 * count, 16)]


def _recorded(decision: Decision[Any], *, subject: str, account: str, now: datetime) -> DecisionRecorded:
    return DecisionRecorded(
        subject=subject,
        account=account,
        recorded_at=now,
        words={language: describe_decision(decision, language) for language in ("zh", "en")},
        **decision.model_dump(mode="json", exclude={"answer"}),
    )


@asynccontextmanager
async def seeing(session: AsyncSession, *, area: str) -> AsyncIterator[None]:
    """Wider eyes, those of the whole of `area`, for what the block reads. It writes nothing: PostgreSQL takes the eyes
    back with the savepoint they were given in, and all else with them. What is shown of what was read is the caller's
    to keep narrow.
    """
    lowest, highest = code_range(area)
    sight = await session.begin_nested()
    try:
        await session.execute(SCOPE, {"lowest": lowest, "highest": highest})
        yield
    finally:
        await sight.rollback()


async def count_in_whole(session: AsyncSession, count: Select[int], *, area: str) -> int:
    """The one number that `count` finds in the whole of `area`, more of which may be taken than the actor can see."""
    async with seeing(session, area=area):
        return await session.scalar(count) or 0


@asynccontextmanager
async def transaction(
    sessions: Sessions,
    *,
    actor: Actor,
    now: datetime,
    service: str,
    policies: Policies,
    find_parameters: FindParameters | None = None,
    begin: Callable[[Transaction], Awaitable[None]] | None = None,
    finish: Callable[[Transaction], Awaitable[None]] | None = None,
    keep_refusal: Callable[[Transaction, Refused], Awaitable[None]] | None = None,
) -> AsyncIterator[Transaction]:
    """Commits what the block did when it ends; a refusal undoes the work and keeps the decisions.

    `begin` runs before the work, and what it writes outlives a refusal; `finish` last inside the work, when events
    are written and the answer is known; `keep_refusal` after the work was undone, in the transaction that keeps the
    refusal.
    """
    refusal: Refused | None = None
    async with sessions(info={"actor": actor}) as session, session.begin():
        tx = Transaction(session, actor, now, service, policies, find_parameters)
        if begin is not None:
            await begin(tx)
        work = await session.begin_nested()
        try:
            yield tx
            await session.flush()  # so that a broken constraint is met inside the work
            await tx.write_outgoing()
            if finish is not None:
                await finish(tx)
            await work.commit()
        except Refused as refused:
            # The work goes, the refusal stays: an auditor must see what was not allowed.
            await work.rollback()
            session.expunge_all()
            await _keep_refusal(tx, refused)
            if keep_refusal is not None:
                await keep_refusal(tx, refused)
            refusal = refused
    if refusal is not None:
        raise refusal


async def _keep_refusal(tx: Transaction, refused: Refused) -> None:
    tx.outgoing.clear()
    tx.ready.clear()
    for decision in refused.decisions:
        tx.record(decision, subject=refused.subject)
    await tx.write_outgoing()


@asynccontextmanager
async def reading(sessions: Sessions, *, actor: Actor) -> AsyncIterator[AsyncSession]:
    """A read-only session in the actor's area."""
    async with sessions(info={"actor": actor, "reads": True}) as session, session.begin():
        yield session
