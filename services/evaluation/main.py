from common.choices_api import choices_router
from common.service import Service
from evaluation import api, events, models

service = Service(
    name="evaluation",
    title="考核与培训",
    router=api.router,
    tables=models.Table.metadata,
    handlers=events.handlers,
    more_routers=(choices_router("evaluation"),),
)
