from common.service import Service
from recruitment import events, models
from recruitment.api import applications, headcount, plans

service = Service(
    name="recruitment",
    title="招聘",
    router=headcount.router,
    tables=models.Table.metadata,
    handlers=events.handlers,
    more_routers=(plans.router, applications.router),
)
