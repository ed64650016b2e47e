from common.consumer import Handler
from common.events import Event
from common.events.contracts import WorkerLeft
from common.events.registry import OrganisationRegistered, PostOpened
from common.transaction import Transaction
from recruitment import queries
from recruitment.models import Organisation, Post


async def keep_organisation(tx: Transaction, event: OrganisationRegistered) -> None:
    """Told again, with other figures or another name, it is the same organisation."""
    organisation = await tx.session.get(Organisation, event.organisation_id)
    if organisation is None:
        organisation = Organisation(organisation_id=event.organisation_id)
        tx.session.add(organisation)
    organisation.name = event.name
    organisation.kind = event.kind
    organisation.area = event.area


async def keep_post(tx: Transaction, event: PostOpened) -> None:
    if await tx.session.get(Post, event.post_id) is None:
        tx.session.add(Post(**event.model_dump(), plan_id=None, worker_id=None))


async def free_post(tx: Transaction, event: WorkerLeft) -> None:
    """The post that the worker held can be planned for again, and filled from the day of leaving."""
    for post in await queries.posts_of_worker(tx.session, event.worker_id):
        post.be_left(event.left_on)


handlers: dict[type[Event], Handler] = {
    OrganisationRegistered: keep_organisation,
    PostOpened: keep_post,
    WorkerLeft: free_post,
}
