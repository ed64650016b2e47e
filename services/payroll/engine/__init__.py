"""Pay for a whole street and month at once: pure functions over columns, no database, no clock.

`work_out` turns what a sealed snapshot holds into slips and lines; the formulas themselves stand in `payroll.rules`.
`PAY_RULES` are asked about the first day of the month that is paid, `TAX_RULES` about that of the month of payment;
of both, those in `REQUIRED` must be answered for every place that is paid, the others only where a scheme uses them.
"""

from payroll.engine import explain, snapshot, tree
from payroll.engine.answers import PAY_RULES, REQUIRED, TAX_RULES, Unanswered, unanswered
from payroll.engine.columns import ABSENT, Batch, Results
from payroll.engine.version import ENGINE
from payroll.engine.working import work_columns, work_out

__all__ = [
    "ABSENT",
    "ENGINE",
    "PAY_RULES",
    "REQUIRED",
    "TAX_RULES",
    "Batch",
    "Results",
    "Unanswered",
    "explain",
    "snapshot",
    "tree",
    "unanswered",
    "work_columns",
    "work_out",
]
