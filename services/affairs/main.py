from affairs import api, events, models
from common.service import Service

service = Service(
    name="affairs",
    title="群团事务",
    router=api.router,
    tables=models.Table.metadata,
    handlers=events.handlers,
)
