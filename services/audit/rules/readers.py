"""Who may read what a decision holds: whoever may read the same where it was made, and the auditor."""

from collections.abc import Iterable

from common.access import access_matrix
from common.actors import OF_THEMSELVES, Role

# Service, family of the rule (empty: all of them) and the operation that shows there what such a decision holds.
# The first line that fits counts; what no line fits is open to whoever may read decisions.
_SHOWN_BY = (
    ("payroll", "policy", ""),
    ("payroll", "", "get_payslip"),
    ("contracts", "policy", ""),
    ("contracts", "exit", "get_exit_case"),
    ("contracts", "", "get_agreement"),
    ("evaluation", "policy", ""),
    ("evaluation", "training", "list_trainings"),
    ("evaluation", "", "get_evaluation"),
    ("recruitment", "applicant", "get_application"),
    ("recruitment", "recruitment", "get_application"),
    ("recruitment", "score", "get_application"),
    ("recruitment", "ranking", "get_application"),
)


def may_read(roles: Iterable[Role], *, source: str, rule: str) -> bool:
    """Whether these roles may see the facts, terms and outcome of a decision of `rule` told by `source`."""
    held = set(roles) - OF_THEMSELVES  # a worker reads of himself alone
    operation = shown_by(source, rule)
    return Role.AUDITOR in held or not operation or not held.isdisjoint(access_matrix().get(operation, frozenset()))


def shown_by(source: str, rule: str) -> str:
    service = source.strip("/").partition("/")[0]
    family = rule.partition(".")[0]
    fitting = (operation for owner, one, operation in _SHOWN_BY if owner == service and one in ("", family))
    return next(fitting, "")
