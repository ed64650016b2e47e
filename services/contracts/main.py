from common.service import Service
from contracts import api, events, models

service = Service(
    name="contracts",
    title="协议与退出",
    router=api.router,
    tables=models.Table.metadata,
    handlers=events.handlers,
)
