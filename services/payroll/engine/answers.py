"""Which rules the engine asks, and their terms out of a batch's answers."""

from typing import Any, TypeVar

from common.policy import Terms
from payroll.engine.columns import Answers, Inputs, Spoken

T = TypeVar("T", bound=Terms)

PAY_RULES = (
    "pay.composition",
    "pay.partial_month",
    "pay.probation",
    "pool.shares",
    "allowance.certificate",
    "leave.pay",
    "leave.unused_pay",
    "pay.overtime",
    "contributions.amounts",
    "wage.floor",
    "pay.meets_floor",
    "union.dues",
    "pay.deduction_limits",
    "pay.swing",
)
TAX_RULES = ("tax.cumulative_withholding", "tax.basic_months", "tax.bonus_apart", "tax.bonus_choice")
RULES_OF_TAX_YEAR = ("tax.basic_mode",)  # what they say on its first day stays for the year
REQUIRED = ("pay.composition", "contributions.amounts", "tax.cumulative_withholding")


class Unanswered(LookupError):
    """No clause answers a rule that the scheme of this place cannot do without."""

    def __init__(self, rule: str, *, area: str, staff: str, month: str) -> None:
        super().__init__(f"no clause answers {rule} for area {area}, {staff}, {month}")
        self.rule = rule
        self.area = area
        self.staff = staff
        self.month = month


def terms_of(answers: Answers, rule: str, kind: type[T]) -> T | None:
    """The terms that a clause gives for the rule, None where none does."""
    spoken = answers.get(rule)
    if spoken is None:
        return None
    if not isinstance(spoken.terms, kind):
        raise TypeError(f"{rule}: the terms are {type(spoken.terms).__name__}, not {kind.__name__}")
    return spoken.terms


def needed_terms(inputs: Inputs, answers: Answers, rule: str, kind: type[T]) -> T:
    """The terms that a clause gives for the rule, or Unanswered."""
    terms = terms_of(answers, rule, kind)
    if terms is None:
        raise Unanswered(rule, area=inputs.area, staff=inputs.staff, month=inputs.month)
    return terms


def unanswered(answers: Answers, tax_answers: Answers) -> tuple[str, ...]:
    """The rules that must be answered here and are not, those of the scheme's own components among them.

    Beside them, `pay.partial_month` is needed where somebody is in the post for part of a period, and
    `allowance.certificate` where somebody holds a certificate that the scheme pays for.
    """
    every: dict[str, Spoken] = {**answers, **tax_answers}
    needed = list(REQUIRED)
    components: Any = getattr(every["pay.composition"].terms, "components", ()) if "pay.composition" in every else ()
    kinds = {component.kind for component in components}
    if any(kind.is_pooled for kind in kinds):
        needed.append("pool.shares")
    if "pay.meets_floor" in every:
        needed.append("wage.floor")
    return tuple(rule for rule in needed if rule not in every)
