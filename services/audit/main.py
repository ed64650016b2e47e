from audit import api, events, models
from common.service import Service

service = Service(
    name="audit",
    title="决定日志",
    router=api.router,
    tables=models.Table.metadata,
    handle_any=events.keep_told,
    streams=("decisions",),
    keeps_order=True,
    between_batches=events.sign_what_came,
)
