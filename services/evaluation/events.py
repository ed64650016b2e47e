from collections.abc import Mapping

from common.consumer import Handler
from common.events import Event
from common.events.contracts import WorkerLeft, WorkerTransferred
from common.events.recruitment import WorkerHired
from common.transaction import Transaction
from evaluation import commands, queries
from evaluation.models import Worker


async def keep_worker(tx: Transaction, event: WorkerHired) -> None:
    """Know the worker from now on; where a document asks for training, the duty opens by itself."""
    worker = await tx.session.get(Worker, event.worker_id, with_for_update=True)
    if worker is None:
        worker = Worker(worker_id=event.worker_id, area=event.area, staff=event.staff)
        tx.session.add(worker)
    if worker.hired_on is not None:
        return
    worker.hired_on, worker.post_class = event.hired_on, event.post_class
    await tx.session.flush()  # the training refers to the worker
    if worker.active:
        await commands.open_training(tx, worker, on=event.hired_on, last_trained_on=None)


async def close_trainings(tx: Transaction, event: WorkerLeft) -> None:
    """Nobody who has left is due for training. Told by another publisher, this may come before the hiring."""
    worker = await tx.session.get(Worker, event.worker_id, with_for_update=True)
    if worker is None:
        worker = Worker(worker_id=event.worker_id, area=event.area, staff=event.staff)
        tx.session.add(worker)
    worker.left_on = event.left_on
    for training in await queries.open_trainings(tx.session, event.worker_id):
        training.close()


async def move_worker(tx: Transaction, event: WorkerTransferred) -> None:
    """The offices of the new place evaluate and train from now on. It may come before the hiring."""
    worker = await tx.session.get(Worker, event.worker_id, with_for_update=True)
    if worker is None:
        tx.session.add(Worker(worker_id=event.worker_id, area=event.area, staff=event.staff))
        return
    worker.area, worker.post_class = event.area, event.post_class
    for training in await queries.open_trainings(tx.session, event.worker_id):
        training.area = event.area


handlers: Mapping[type[Event], Handler] = {
    WorkerHired: keep_worker,
    WorkerLeft: close_trainings,
    WorkerTransferred: move_worker,
}
