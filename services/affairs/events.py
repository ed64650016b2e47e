from collections.abc import Mapping

from affairs.models import Organisation, Worker
from common.consumer import Handler
from common.events import Event
from common.events.contracts import WorkerLeft
from common.events.recruitment import WorkerHired
from common.events.registry import OrganisationRegistered
from common.transaction import Transaction


async def keep_organisation(tx: Transaction, event: OrganisationRegistered) -> None:
    """Know where the organisation lies; it is told again, whole, when something about it changes."""
    organisation = await tx.session.get(Organisation, event.organisation_id, with_for_update=True)
    if organisation is None:
        organisation = Organisation(organisation_id=event.organisation_id)
        tx.session.add(organisation)
    organisation.area = event.area


async def keep_worker(tx: Transaction, event: WorkerHired) -> None:
    """From hiring on the worker may be put on the organisation's roster."""
    worker = await _worker(tx, event)
    worker.organisation_id, worker.hired_on = event.organisation_id, event.hired_on


async def mark_left(tx: Transaction, event: WorkerLeft) -> None:
    """From that day on the worker is on no new roster. Told by another publisher, this may come before the hiring."""
    worker = await _worker(tx, event)
    worker.left_on = event.left_on


async def _worker(tx: Transaction, event: WorkerHired | WorkerLeft) -> Worker:
    worker = await tx.session.get(Worker, event.worker_id, with_for_update=True)
    if worker is None:
        worker = Worker(worker_id=event.worker_id, area=event.area, staff=event.staff)
        tx.session.add(worker)
    return worker


handlers: Mapping[type[Event], Handler] = {
    OrganisationRegistered: keep_organisation,
    WorkerHired: keep_worker,
    WorkerLeft: mark_left,
}
