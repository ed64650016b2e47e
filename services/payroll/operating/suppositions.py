"""How a spreadsheet may have reckoned otherwise: each a change of what the engine reads, worked out for everybody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from common.policy import Terms
from payroll import engine
from payroll.engine.columns import ABSENT, Batch, Coded, Inputs, Int, Results, Year
from payroll.operating.old_sheet import TOTALS
from payroll.rules.arithmetic import Rounding
from payroll.rules.contributions import ContributionSchemes
from payroll.rules.pay import PartialMonth, PartOfMonth
from payroll.rules.tax import BasicMode

Amounts = Mapping[str, Int]

BEYOND_ANY_CEILING = 10**11  # fen
_UNITS = ("0.01", "0.1", "1")
_METHODS = {
    PartOfMonth.BY_21_75: "按月计薪天数折算",
    PartOfMonth.BY_WORKING_DAYS: "按当月工作日折算",
    PartOfMonth.BY_CALENDAR_DAYS: "按日历日折算",
}
_MODES = {
    BasicMode.EMPLOYMENT_MONTHS: "减除费用按任职月数累计",
    BasicMode.FIRST_JOB_OF_YEAR: "减除费用自一月起累计",
    BasicMode.ANNUAL_60000: "减除费用一次扣足全年",
}
_SUMS = ("income", "exempt", "special", "additional", "other", "relief", "withheld")
_ROUNDINGS = {Rounding.HALF_UP: "四舍五入", Rounding.UP: "进位", Rounding.DOWN: "舍去"}


@dataclass(frozen=True)
class Supposition:
    """`code` groups the reasons, `zh` says what the old sheet seems to do; `amounts` are what it then comes to."""

    code: str
    zh: str
    amounts: Amounts


def amounts_of(results: Results, *, of_this_period: bool = False) -> dict[str, Int]:
    """By line code and by total, fen for each slip; `of_this_period`: without what is paid for earlier months."""
    found: dict[str, Int] = {name: results.columns[name] for name in TOTALS}
    counted = results.line_period < 0 if of_this_period else np.ones(len(results.line_slip), dtype=np.bool_)
    for number, line in enumerate(results.layout):
        column = np.zeros(len(results.paid), dtype=np.int64)
        here = counted & (results.line_code == number)
        np.add.at(column, results.line_slip[here], results.line_amount[here])
        if line.code not in TOTALS or line.code == "tax":
            found[line.code] = column
    return found


def of_pay_and_contributions(batch: Batch, results: Results) -> Iterator[Supposition]:
    """What does not go by the year: part of a month, leave, earlier months, bases and their rounding."""
    if batch.past:
        yield Supposition("arrears", "旧表未计以前月份的补发（扣）", amounts_of(results, of_this_period=True))
    for code, zh, supposed in (
        *_of_presence(batch),
        *_of_partial_month(batch),
        *_of_bases(batch),
        *_of_rounding(batch),
    ):
        yield Supposition(code, zh, amounts_of(engine.work_out(supposed)))


def of_tax(batch: Batch, *, more_income: Int, more_special: Int) -> Iterator[Supposition]:
    """Tax on the old sheet's own income and contributions, and that by other ways of counting the year."""
    year = batch.year
    theirs = replace(year, income=year.income + more_income, special=year.special + more_special)
    for on_theirs, base in ((True, theirs), (False, year)):
        follows = "按旧表的应发和个人缴费计税" if on_theirs else ""
        for code, zh, supposed in _of_year(base):
            if code == "follows" and not on_theirs:
                continue
            words = "，".join(part for part in (follows, zh) if part)
            yield Supposition(code, words, amounts_of(engine.work_out(replace(batch, year=supposed))))
        without = _without_additional(replace(batch, year=base))
        if without is not None:
            words = "，".join(part for part in (follows, "未扣专项附加扣除") if part)
            yield Supposition("additional", words, amounts_of(engine.work_out(without)))


Variant = tuple[str, str, Batch]


def _of_presence(batch: Batch) -> Iterator[Variant]:
    inputs = batch.inputs
    if any(days.any() for days in inputs.leave.values()):
        none = {kind: np.zeros_like(days) for kind, days in inputs.leave.items()}
        yield "leave", "旧表未扣请假", replace(batch, inputs=replace(inputs, leave=none))
    whole = _whole_month(inputs)
    if whole is not None:
        yield "month_of_employment", "旧表按整月发放，未按入职、离职日折算", replace(batch, inputs=whole)


def _whole_month(inputs: Inputs) -> Inputs | None:
    """As if whoever has one stretch had served the whole month; None where everybody did."""
    single = np.bincount(inputs.slip, minlength=inputs.size)[inputs.slip] == 1
    part = single & ((inputs.first_day > 1) | (inputs.last_day < inputs.month_days))
    if inputs.cycle != "month" or not part.any():
        return None
    return replace(
        inputs,
        first_day=np.where(part, 1, inputs.first_day),
        last_day=np.where(part, inputs.month_days, inputs.last_day),
        weekdays=np.where(part, inputs.month_weekdays, inputs.weekdays),
        days=np.where(part, inputs.month_days, inputs.days),
    )


def _of_partial_month(batch: Batch) -> Iterator[Variant]:
    terms = _terms(batch, "pay.partial_month")
    if not isinstance(terms, PartialMonth):
        return
    for method, zh in _METHODS.items():
        if method is not terms.method and (method is not PartOfMonth.BY_21_75 or terms.paid_days is not None):
            other = PartialMonth(method=method, paid_days=terms.paid_days)
            yield "partial_month", f"旧表不足整月{zh}", _with_terms(batch, "pay.partial_month", other)


def _of_bases(batch: Batch) -> Iterator[Variant]:
    inputs, schemes = batch.inputs, _schemes(batch)
    for code, zh, amount in (
        ("base", "旧表以当月工资为缴费基数", ABSENT),
        ("base", "旧表按基数下限缴费", 0),
        ("base", "旧表按基数上限缴费", BEYOND_ANY_CEILING),
    ):
        bases = {scheme.scheme: np.full(inputs.size, amount, dtype=np.int64) for scheme in schemes}
        yield code, zh, replace(batch, inputs=replace(inputs, bases=bases))


def _of_rounding(batch: Batch) -> Iterator[Variant]:
    schemes = _schemes(batch)
    if any(scheme.worker_fixed for scheme in schemes):
        none = [scheme.model_copy(update={"worker_fixed": scheme.worker_fixed * 0}) for scheme in schemes]
        yield "fixed", "旧表未计定额缴费", _with_schemes(batch, none)
    for unit in _UNITS:
        for mode, zh in _ROUNDINGS.items():
            changes = {"unit": type(schemes[0].unit)(unit), "rounding": mode} if schemes else {}
            other = [scheme.model_copy(update=changes) for scheme in schemes]
            if other != schemes:
                yield "rounding", f"旧表缴费额{zh}到 {unit} 元", _with_schemes(batch, other)


def _of_year(year: Year) -> Iterator[tuple[str, str, Year]]:
    size = len(year.months)
    yield "follows", "", year
    for mode, zh in _MODES.items():
        codes = np.zeros(size, dtype=np.int64)
        yield "tax_mode", f"旧表{zh}", replace(year, mode=Coded(codes, (str(mode),)))
    for more, zh in ((1, "多"), (-1, "少")):
        months = np.maximum(year.months + more, 1)
        yield "months", f"旧表任职月数{zh}计一个月", replace(year, months=months)
    nothing = np.zeros(size, dtype=np.int64)
    alone: dict[str, Any] = dict.fromkeys(_SUMS, nothing)
    yield "not_cumulative", "旧表按单月计税，未按累计预扣法", replace(year, months=nothing + 1, **alone)


def _without_additional(batch: Batch) -> Batch | None:
    entered = batch.inputs.entered
    reported = [code for code in entered if code.partition(".")[0] == "additional"]
    of_year = {code: amounts for code, amounts in batch.year.reported.items() if code.partition(".")[0] != "additional"}
    if not reported and len(of_year) == len(batch.year.reported):
        return None
    nothing = {code: np.full(batch.inputs.size, ABSENT, dtype=np.int64) for code in reported}
    year = replace(batch.year, additional=np.zeros_like(batch.year.additional), reported=of_year)
    return replace(batch, inputs=replace(batch.inputs, entered={**entered, **nothing}), year=year)


def _terms(batch: Batch, rule: str) -> Terms | None:
    spoken = batch.answers.get(rule)
    return spoken.terms if spoken is not None else None


def _schemes(batch: Batch) -> list[Any]:
    terms = _terms(batch, "contributions.amounts")
    return list(terms.schemes) if isinstance(terms, ContributionSchemes) else []


def _with_schemes(batch: Batch, schemes: list[Any]) -> Batch:
    return _with_terms(batch, "contributions.amounts", ContributionSchemes(schemes=tuple(schemes)))


def _with_terms(batch: Batch, rule: str, terms: Terms) -> Batch:
    return replace(batch, answers={**batch.answers, rule: replace(batch.answers[rule], terms=terms)})
