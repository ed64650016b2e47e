"""What payroll says: standards, runs, slips, pools. Amounts are decimal strings in yuan; a month is `YYYY-MM`."""

from datetime import date
from typing import Any

from common.events import Event
from common.money import Yuan


class PayStandardSet(Event):
    publisher = "payroll"
    about = "area"

    standard_id: str
    area: str
    staff: str
    post_class: str
    grade: int
    monthly_amount: Yuan
    starts_on: date


class RunOpened(Event):
    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    staff: str
    month: str


class PoolShared(Event):
    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    month: str
    total: Yuan
    shares: dict[str, Yuan]


class RunBlocked(Event):
    """What stands in the way of payment: `findings` counts the workers of each code, `worker_ids` names the first 200.

    The words for each worker stand in the run itself.
    """

    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    month: str
    blocked_workers: int
    findings: dict[str, int]
    worker_ids: list[str]


class RunCalculated(Event):
    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    month: str
    workers: int
    gross_total: Yuan
    net_total: Yuan


class PayslipIssued(Event):
    """Said when the run is approved. `lines`: {code, label, amount} in the order of the slip."""

    publisher = "payroll"
    about = "worker_id"

    payslip_id: str
    run_id: str
    worker_id: str
    area: str
    staff: str
    month: str
    gross: Yuan
    contributions: Yuan
    tax: Yuan
    net: Yuan
    lines: list[dict[str, Any]]


class RunApproved(Event):
    publisher = "payroll"
    about = "run_id"

    run_id: str
    area: str
    staff: str
    month: str
    workers: int
    gross_total: Yuan
    net_total: Yuan


class GradeChanged(Event):
    publisher = "payroll"
    about = "worker_id"

    worker_id: str
    area: str
    grade: int
    starts_on: date
