from common.choices_api import choices_router
from common.service import Service
from registry import api, events, models

service = Service(
    name="registry",
    title="登记与备案",
    router=api.router,
    tables=models.Table.metadata,
    handlers=events.handlers,
    more_routers=(choices_router("registry"),),
)
