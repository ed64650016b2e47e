from audit import api, events, models
from common.service import Service

service = Service(
    name="audit",
    title="决定日志",
    router=api.router,
    tables=models.Table.metadata,
    handle_batch=events.keep_told,
    streams=("decisions",),
    beside=events.publish_log,
    extend=api.extend,
)
