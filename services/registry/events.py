from common.consumer import Handler
from common.events import Event
from common.events.contracts import WorkerLeft
from common.events.recruitment import WorkerHired
from common.events.registry import FilingOpened
from common.ids import new_id
from common.transaction import Transaction
from registry import rules
from registry.models import Departure, Filing, Worker


async def keep_worker(tx: Transaction, event: WorkerHired) -> None:
    """Enter the worker in the real-name register; where a document asks for a filing, it opens by itself.

    Told again, it is the same worker, entered and filed already.
    """
    if await tx.session.get(Worker, event.worker_id) is not None:
        return
    departure = await tx.session.get(Departure, event.worker_id)
    tx.session.add(
        Worker(
            worker_id=event.worker_id,
            organisation_id=event.organisation_id,
            post_id=event.post_id,
            area=event.area,
            staff=event.staff,
            post_class=event.post_class,
            name=event.name,
            identity_masked=event.identity_masked,
            identity_sealed=event.identity_sealed,
            hired_on=event.hired_on,
            left_on=departure.left_on if departure else None,
        )
    )
    await tx.session.flush()  # the filing refers to the worker
    decision = await tx.decide_where_ruled(rules.must_be_filed, about=event, on=event.hired_on)
    if decision is None or not decision.permits:
        return
    tx.record(decision, subject=event.worker_id)
    filing = Filing(
        filing_id=new_id("filing"),
        worker_id=event.worker_id,
        area=event.area,
        staff=event.staff,
        clause=decision.clause,
        status="open",
        opened_on=event.hired_on,
        steps=[],
    )
    tx.session.add(filing)
    tx.emit(
        FilingOpened(
            filing_id=filing.filing_id,
            worker_id=event.worker_id,
            area=event.area,
            staff=event.staff,
            clause=decision.clause,
            opened_on=event.hired_on,
        )
    )


async def mark_left(tx: Transaction, event: WorkerLeft) -> None:
    worker = await tx.session.get(Worker, event.worker_id)
    if worker is not None:
        worker.left_on = event.left_on
    else:
        await tx.session.merge(Departure(worker_id=event.worker_id, area=event.area, left_on=event.left_on))


handlers: dict[type[Event], Handler] = {WorkerHired: keep_worker, WorkerLeft: mark_left}
