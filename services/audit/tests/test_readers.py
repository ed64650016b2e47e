"""What the owning service's reading operation refuses, the log does not tell either."""

import pytest

from audit.rules import readers
from audit.rules.readers import may_read
from common.access import access_matrix
from common.actors import Role


@pytest.mark.parametrize(
    ("source", "rule", "role", "may"),
    [
        ("/payroll/decisions", "tax.cumulative_withholding", Role.FINANCE, True),
        ("/payroll/decisions", "tax.cumulative_withholding", Role.LEAD_DEPARTMENT, True),
        ("/payroll/decisions", "tax.cumulative_withholding", Role.CIVIL_AFFAIRS, False),
        ("/payroll/decisions", "pool.shares", Role.STREET_OFFICE, False),
        ("/payroll/decisions", "policy.choice_within_bounds", Role.CIVIL_AFFAIRS, True),
        ("/contracts/decisions", "exit.procedure", Role.HUMAN_RESOURCES, True),
        ("/contracts/decisions", "exit.procedure", Role.FINANCE, False),
        ("/contracts/decisions", "agreement.term", Role.FINANCE, True),
        ("/contracts/decisions", "agreement.term", Role.SUPERIOR_UNION, False),
        ("/recruitment/decisions", "applicant.bars", Role.SUPERIOR_UNION, True),
        ("/recruitment/decisions", "applicant.bars", Role.FINANCE, False),
        ("/recruitment/decisions", "plan.approvers", Role.FINANCE, True),
        ("/evaluation/decisions", "evaluation.grade", Role.PROVINCIAL_REGISTRAR, False),
        ("/evaluation/decisions", "training.due", Role.SUPERIOR_UNION, True),
        ("/registry/decisions", "quota.for_organisation", Role.PROVINCIAL_REGISTRAR, True),
    ],
)
def test_follows_the_matrix(source: str, rule: str, role: Role, may: bool) -> None:
    assert may_read({role}, source=source, rule=rule) is may
    assert may_read({role, Role.WORKER}, source=source, rule=rule) is may
    assert may_read({Role.AUDITOR}, source=source, rule=rule)


def test_names_operations_that_exist() -> None:
    assert {operation for _, _, operation in readers._SHOWN_BY if operation} <= access_matrix().keys()
