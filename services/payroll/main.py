"""Payroll: standards, runs, slips."""

from common.choices_api import choices_router
from common.service import Service
from payroll import api, events, models

service = Service(
    name="payroll",
    title="薪酬核算",
    router=api.router,
    tables=models.Table.metadata,
    handlers=events.handlers,
    more_routers=(choices_router("payroll"),),
)
