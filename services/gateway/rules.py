"""Which sections of the views a role may see: those that the owning service would show it, too."""

from collections.abc import Iterable, Mapping

from common.access import access_matrix
from common.actors import OF_THEMSELVES, Role

# What does not stand here is for everybody who may see the view.
SHOWN_BY = {
    "agreements": "get_agreement",
    "leaves": "get_agreement",
    "transfers": "get_agreement",
    "grades": "get_payslip",
    "payslips": "get_payslip",
    "evaluations": "get_evaluation",
    "consequences": "get_evaluation",
    "trainings": "list_trainings",
    "filings": "list_filings",
    "exit_cases": "get_exit_case",
    "left": "get_exit_case",
    "duties": "get_duty_roster",
}
# Of the office view: who may not read these there sees how many there are, and not whose.
COUNTED_FOR_ALL = {"filings": "list_filings", "trainings": "list_trainings", "exit_cases": "get_exit_case"}
# A decision is shown with the section it led to: service, family of its rule (empty: all others), section.
_DECIDED_FOR = (
    ("payroll", "", "payslips"),
    ("contracts", "exit", "exit_cases"),
    ("contracts", "", "agreements"),
    ("evaluation", "training", "trainings"),
    ("evaluation", "", "evaluations"),
    ("registry", "filing", "filings"),
    ("affairs", "", "duties"),
)


def hidden_from(roles: Iterable[Role], sections: Mapping[str, str] = SHOWN_BY) -> list[str]:
    """Sections that these roles may not see of somebody else: a worker is shown his own alone by their owners."""
    held = set(roles) - OF_THEMSELVES
    matrix = access_matrix()
    return [section for section, operation in sections.items() if held.isdisjoint(matrix.get(operation, frozenset()))]


def section_of(source: str, rule: str) -> str | None:
    """The section that a decision of `rule` belongs to; `source` is that of its message, `/payroll/decisions`."""
    service = source.strip("/").partition("/")[0]
    family = rule.partition(".")[0]
    fitting = (section for owner, one, section in _DECIDED_FOR if owner == service and one in ("", family))
    return next(fitting, None)
