from common.service import Service
from gateway import api, events, models

service = Service(
    name="gateway",
    title="统一入口",
    router=api.router,
    tables=models.Table.metadata,
    handle_any=events.keep,
    empty=events.empty,
    extend=api.extend,
)
