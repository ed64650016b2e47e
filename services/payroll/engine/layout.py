"""Which lines a slip of a street may have, in their order."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain
from typing import NamedTuple

from payroll.engine.answers import terms_of
from payroll.engine.columns import Answers, Batch, Inputs, Line, Spoken
from payroll.engine.contributing import EMPLOYER, WORKER
from payroll.engine.earning import leave_code
from payroll.rules.arithmetic import Same
from payroll.rules.composition import PayComposition
from payroll.rules.contributions import ContributionSchemes
from payroll.rules.hours import OvertimeDay
from payroll.rules.parameters import SCHEMES

EARNING, DEDUCTION, PAID_BY_EMPLOYER, NOTE = "earning", "deduction", "employer", "note"
TAX, BONUS_TAX, DUES, BONUS, EXEMPT = "tax", "bonus_tax", "union_dues", "annual_bonus", "exempt_income"
DEDUCTIONS = "deduction."
ADVANCED, RECOVERED = "advanced_by_employer", "advance_recovered"
REPAID, WRITTEN_OFF = "repaid", "written_off"  # beside pay: what of an advance is settled otherwise

LEAVES = {
    "annual": "年休假",
    "sick": "病假",
    "personal": "事假",
    "maternity": "产假",
    "work_injury": "停工留薪期",
    "marriage": "婚假",
    "bereavement": "丧假",
    "paternity": "护理假",
    "parental": "育儿假",
}
OVERTIMES = {
    OvertimeDay.WORKING_DAY: "工作日加班工资",
    OvertimeDay.REST_DAY: "休息日加班工资",
    OvertimeDay.HOLIDAY: "法定节日加班工资",
}
_SIDES = ((DEDUCTION, WORKER, "个人"), (PAID_BY_EMPLOYER, EMPLOYER, "单位"))
_ORDER = {EARNING: 0, DEDUCTION: 1, PAID_BY_EMPLOYER: 2, NOTE: 3}
_LATE = (TAX, BONUS_TAX, DUES)  # deductions that stand after the contributions
_BALANCING = (ADVANCED, RECOVERED, REPAID, WRITTEN_OFF)


class _Asked(NamedTuple):
    rules: tuple[str, ...]
    spoken: Same[Spoken]

    @property
    def answers(self) -> Answers:
        return dict(zip(self.rules, self.spoken.them, strict=True))


class _Month(NamedTuple):
    """All that the lines of a period go by; `named`: codes that were paid for it, or are taken off by hand."""

    asked: _Asked
    leave: tuple[str, ...]
    named: tuple[str, ...]


def layout_of(batch: Batch) -> tuple[Line, ...]:
    """Lines of the present month first; what only an earlier one has stands after those of its kind."""
    taken = (code for code in batch.inputs.entered if code.startswith(DEDUCTIONS))
    past = tuple(_month_of(one.inputs, one.answers, filter(is_worked_out_again, one.paid)) for one in batch.past)
    return _layout(_month_of(batch.inputs, batch.answers, taken), _asked(batch.tax_answers), past)


def _month_of(inputs: Inputs, answers: Answers, named: Iterable[str]) -> _Month:
    return _Month(_asked(answers), tuple(sorted(inputs.leave)), tuple(sorted(named)))


def _asked(answers: Answers) -> _Asked:
    return _Asked(tuple(answers), Same(*answers.values()))


@lru_cache(maxsize=64)
def _layout(month: _Month, tax: _Asked, past: tuple[_Month, ...]) -> tuple[Line, ...]:
    """Streets under the same clauses mostly have the same lines."""
    found: dict[str, Line] = {}
    for line in chain(_month_lines(month), _tax_lines(month, tax.answers), *_past_lines(past)):
        found.setdefault(line.code, line)
    return tuple(sorted(found.values(), key=_place))


def _place(line: Line) -> tuple[int, int]:
    late = 3 if line.code in _BALANCING else 2 if line.code.startswith(DEDUCTIONS) else 1 if line.code in _LATE else 0
    return _ORDER[line.kind], late


def _past_lines(past: tuple[_Month, ...]) -> Iterable[Iterable[Line]]:
    for month in past:
        yield _month_lines(month)
        yield (_unknown(code) for code in month.named)


def is_worked_out_again(code: str) -> bool:
    """Whether a line that was paid for an earlier month is compared; tax and what is taken after it are not."""
    return code not in (*_LATE, *_BALANCING) and not code.startswith(DEDUCTIONS)


def is_balancing(code: str) -> bool:
    """Whether a line is of what the employer lays out and gets back."""
    return code in _BALANCING


def _unknown(code: str) -> Line:
    """A line that was paid once and no clause of today names any more."""
    for kind, suffix, side in _SIDES:
        if code.endswith(suffix):
            scheme = code.removesuffix(suffix)
            return Line(code, kind, f"{SCHEMES.get(scheme, scheme)}（{side}）", None, None, None)
    return Line(code, EARNING, code, None, None, None)


def _month_lines(month: _Month) -> Iterable[Line]:
    answers = month.asked.answers
    yield from _earnings(month.leave, answers)
    terms = terms_of(answers, "contributions.amounts", ContributionSchemes)
    for scheme in terms.schemes if terms else ():
        rule, clause = _by(answers, "contributions.amounts")
        for kind, suffix, side in _SIDES:
            label = f"{scheme.label}（{side}）"
            yield Line(scheme.scheme + suffix, kind, label, scheme.scheme, rule, clause)


def _earnings(leaves: tuple[str, ...], answers: Answers) -> Iterable[Line]:
    terms = terms_of(answers, "pay.composition", PayComposition)
    for one in terms.components if terms else ():
        name = "allowance.certificate" if one.kind == "certificate_allowance" else "pay.composition"
        name = "pool.shares" if one.kind.is_pooled else name
        rule, clause = _by(answers, name)
        kind = EARNING if one.paid else NOTE
        yield Line(one.component, kind, one.label_zh, one.kind.value, rule, clause, one.taxable)
    for leave in leaves:
        label = f"{LEAVES.get(leave, leave)}工资"
        yield Line(leave_code(leave), EARNING, label, None, *_by(answers, "leave.pay"))
    for day, label in OVERTIMES.items():
        yield Line(f"overtime_{day}", EARNING, label, None, *_by(answers, "pay.overtime"))
    yield Line("overtime_pay", EARNING, "加班工资", None, None, None)
    yield Line("unused_leave_pay", EARNING, "未休年休假工资", None, *_by(answers, "leave.unused_pay"))
    yield Line(EXEMPT, EARNING, "免税收入", None, None, None, taxable=False)
    yield Line(BONUS, EARNING, "全年一次性奖金", None, None, None)


def _tax_lines(month: _Month, tax_answers: Answers) -> Iterable[Line]:
    answers = month.asked.answers
    yield Line(TAX, DEDUCTION, "个人所得税", None, *_by(tax_answers, "tax.cumulative_withholding"))
    yield Line(BONUS_TAX, DEDUCTION, "全年一次性奖金个人所得税", None, *_by(tax_answers, "tax.bonus_apart"))
    yield Line(DUES, DEDUCTION, "工会会费", None, *_by(answers, "union.dues"))
    for code in month.named:
        label = f"代扣：{code.removeprefix(DEDUCTIONS)}"
        yield Line(code, DEDUCTION, label, None, *_by(answers, "pay.deduction_limits"))
    yield Line(ADVANCED, DEDUCTION, "单位垫付（个人待还）", None, *_by(answers, "pay.deduction_limits"))
    yield Line(RECOVERED, DEDUCTION, "扣回单位垫付", None, *_by(answers, "pay.deduction_limits"))
    yield Line(REPAID, NOTE, "本人交回垫付款", None, None, None)
    yield Line(WRITTEN_OFF, NOTE, "单位核销垫付款", None, None, None)


def _by(answers: Answers, rule: str) -> tuple[str | None, str | None]:
    spoken = answers.get(rule)
    return (rule, spoken.clause) if spoken else (None, None)


def places(layout: Iterable[Line]) -> dict[str, int]:
    return {line.code: place for place, line in enumerate(layout)}
