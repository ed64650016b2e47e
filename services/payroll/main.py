"""Payroll: standards, runs, slips."""

from common.choices_api import choices_router
from common.events.payroll import BatchApproved, BatchQueued
from common.service import Service
from payroll import api, commands, events, models
from payroll.commands.changes import note_choice
from payroll.queries.parameters import parameters_in_force

service = Service(
    name="payroll",
    title="薪酬核算",
    router=api.router,
    tables=models.Table.metadata,
    # What payroll queues for itself is taken by whichever of its processes comes first.
    handlers={**events.handlers, BatchQueued: commands.calculate_batch, BatchApproved: commands.issue_slips},
    parameters=parameters_in_force,
    beside=commands.watch_deadlines,
    more_routers=(choices_router("payroll", chosen=note_choice),),
)
