"""What recruitment does, one function for one use case."""

from recruitment.commands.applications import apply
from recruitment.commands.headcount import approve_headcount, request_headcount
from recruitment.commands.plans import approve_plan, close_plan, draft_plan, publish_notice, return_plan
from recruitment.commands.selection import (
    answer_objection,
    decide_ranking,
    hire,
    raise_objection,
    start_public_notice,
)
from recruitment.commands.stages import record_stage

__all__ = [
    "answer_objection",
    "apply",
    "approve_headcount",
    "approve_plan",
    "close_plan",
    "decide_ranking",
    "draft_plan",
    "hire",
    "publish_notice",
    "raise_objection",
    "record_stage",
    "request_headcount",
    "return_plan",
    "start_public_notice",
]
