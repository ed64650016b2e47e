"""Why a line of a slip is what it is: its formula with the figures, in words that the person who is paid understands.

Nothing of this is stored: it is read off the batch that was sealed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from payroll.engine.answers import terms_of
from payroll.engine.columns import ABSENT, Batch, Inputs, Int, Line, Results
from payroll.engine.earning import counted_and_basic
from payroll.engine.layout import BONUS, BONUS_TAX, DEDUCTIONS, DUES, EXEMPT, LEAVES, TAX, is_balancing
from payroll.engine.rows import cut, cut_year
from payroll.engine.spoken_balance import said_of_balance
from payroll.engine.spoken_earnings import (
    Said,
    said_of_component,
    said_of_leave,
    said_of_overtime,
    said_of_unused_leave,
)
from payroll.engine.spoken_taking import said_of_bonus_tax, said_of_contribution, said_of_dues, said_of_tax
from payroll.rules.arithmetic import yuan
from payroll.rules.composition import PayComposition


@dataclass(frozen=True)
class ExplainedLine:
    """`amount` in fen; `inputs` the facts it was worked out from, yuan as text; `parameters` the rows that were used.

    `period` is the earlier month of a difference, None in the month itself; `change_id` what caused a difference.
    """

    code: str
    label: str
    amount: int
    kind: str
    period: str | None
    words_zh: str
    inputs: Mapping[str, Any]
    parameters: tuple[str, ...]
    clause: str | None
    change_id: int | None = None


def explain(batch: Batch, results: Results, slip: int) -> list[ExplainedLine]:
    """The lines of one slip in their order."""
    own = _One(batch, results, slip)
    first, last = np.searchsorted(results.line_slip, [slip, slip + 1]).tolist()
    explained = []
    for at in range(first, last):
        line = results.layout[int(results.line_code[at])]
        amount, period = int(results.line_amount[at]), int(results.line_period[at])
        change = int(results.line_change[at])
        earlier = results.periods[period] if period >= 0 else None
        words = own.difference(line, amount, earlier, change) if earlier else own.line(line, amount)
        explained.append(
            ExplainedLine(
                code=line.code,
                label=line.label_zh,
                amount=amount,
                kind=line.kind,
                period=earlier,
                words_zh=words.zh,
                inputs=words.inputs,
                parameters=own.parameters(line, earlier),
                clause=line.clause,
                change_id=change if change >= 0 else None,
            )
        )
    return explained


class _One:
    """One slip of a batch, with what is needed to speak of it."""

    def __init__(self, batch: Batch, results: Results, slip: int) -> None:
        rows = slice(slip, slip + 1)
        self.batch = batch
        self.results = results
        self.slip = slip
        self.inputs: Inputs = cut(replace(batch.inputs, kept=results.kept), rows)
        self.year = cut_year(batch.year, rows)
        self.composition = terms_of(batch.answers, "pay.composition", PayComposition)

    def line(self, line: Line, amount: int) -> Said:
        answers, inputs, code = self.batch.answers, self.inputs, line.code
        component = next((one for one in self.components if one.component == code), None)
        if component is not None:
            pool = next((one for one in self.results.pools if self.slip in one.slips), None)
            return said_of_component(inputs, answers, component, amount, pool, self.slip)
        if code in (f"leave_{kind}" for kind in inputs.leave):
            kind = code.removeprefix("leave_")
            return said_of_leave(inputs, answers, kind, LEAVES.get(kind, kind))
        if line.rule == "pay.overtime":
            return said_of_overtime(inputs, answers, code.removeprefix("overtime_"), self.pay[1])
        if line.rule == "contributions.amounts":
            return said_of_contribution(inputs, answers, code, self.pay[0])
        if code == "unused_leave_pay":
            return said_of_unused_leave(inputs, answers, self.pay[0])
        if code == TAX:
            totals = {name: int(column[self.slip]) for name, column in self.results.columns.items()}
            return said_of_tax(self.batch, self.year, totals)
        if code == BONUS_TAX:
            return said_of_bonus_tax(self.batch, int(self.results.columns["bonus"][self.slip]))
        if code == DUES:
            return said_of_dues(answers, self.pay[1])
        if is_balancing(code):
            gross, owed = int(self.results.columns["gross"][self.slip]), int(self.year.owed[0])
            return said_of_balance(answers, code, amount, owed=owed, gross=gross)
        return self._entered(code, amount)

    @cached_property
    def pay(self) -> tuple[int, int]:
        """The full month's pay, and the basic income in it."""
        return counted_and_basic(self.inputs, self.batch.answers)

    @property
    def components(self) -> tuple[Any, ...]:
        return self.composition.components if self.composition else ()

    def _entered(self, code: str, amount: int) -> Said:
        words = {
            "overtime_pay": "本月填报的加班工资",
            EXEMPT: "本月填报的免税收入，计入收入但不征税",
            BONUS: "本月填报的全年一次性奖金",
        }
        zh = words.get(code, "本月填报的代扣" if code.startswith(DEDUCTIONS) else "本月填报")
        return Said(f"{zh}{yuan(amount)}元", {code: str(yuan(amount))})

    def difference(self, line: Line, amount: int, period: str, change: int) -> Said:
        paid = sum(self._paid(line.code, period, change))
        owed, words = paid + amount, "补发" if amount > 0 else "扣回"
        if line.kind != "earning":
            words = "补扣" if amount > 0 else "退回"
        if line.kind == "employer":
            words = "单位补缴" if amount > 0 else "单位多缴抵减"
        zh = f"{period}按现在的情况重算为{yuan(owed)}元，原为{yuan(paid)}元，{words}{yuan(abs(amount))}元"
        return Said(zh, {"period": period, "worked_out_again": str(yuan(owed)), "paid_before": str(yuan(paid))})

    def _paid(self, code: str, period: str, change: int) -> list[int]:
        found = []
        for past in self.batch.past:
            name = past.inputs.period
            paid: Int | None = past.paid.get(code)
            if name == period and paid is not None:
                mine = (past.mine == self.slip) & (past.change_id == change) & (paid != ABSENT)
                found += paid[mine].tolist()
        return found

    def parameters(self, line: Line, period: str | None) -> tuple[str, ...]:
        if line.rule is None:
            return ()
        sources = [self.batch.answers, self.batch.tax_answers]
        if period is not None:
            sources = [past.answers for past in self.batch.past if past.inputs.period == period]
        return next((answers[line.rule].parameters for answers in sources if line.rule in answers), ())
