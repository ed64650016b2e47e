"""A street's pay from facts to slips: earnings, pool, differences, contributions, minimum wage, tax, the rest."""

from functools import partial

import numpy as np

from common.policy import Finding
from payroll.engine import findings
from payroll.engine.answers import terms_of
from payroll.engine.balancing import Account, balance, is_empty, look
from payroll.engine.columns import ABSENT, Batch, Bool, Found, Int, Line, Pool, Results
from payroll.engine.contributing import floor_kept
from payroll.engine.differences import Differences, differences_of
from payroll.engine.first_pay import Month
from payroll.engine.layout import (
    BONUS,
    BONUS_TAX,
    DEDUCTION,
    DEDUCTIONS,
    DUES,
    EARNING,
    NOTE,
    PAID_BY_EMPLOYER,
    TAX,
    layout_of,
    places,
)
from payroll.engine.months import contribute_and_hold, dues_of, work_month
from payroll.engine.pooling import Piece
from payroll.engine.results import COLUMNS, Lines, Worked, results_of
from payroll.engine.rows import MOST_PAY, cut_year, keep_memory, said, too_large
from payroll.engine.sheet import always, sum_of
from payroll.engine.taxing import Paid, desk_of, tax
from payroll.rules.arithmetic import yuan, zeros
from payroll.rules.checks import DeductionLimits, PaySwing, deduction_limit, has_swung, swing


def work_out(batch: Batch) -> Results:
    """The slips of a street, and who is set aside and why.

    The same batch gives the same results, byte for byte, in whatever order its facts came in. Raises Unanswered where
    no clause answers what the scheme cannot do without.
    """
    return results_of(batch, work_columns(batch))


def work_columns(batch: Batch) -> Worked:
    """The arithmetic alone: every line and total as a column, before they are made into slips and sealed."""
    keep_memory()
    layout = layout_of(batch)
    differences = differences_of(batch, places(layout))
    month = differences.first_pay.present(batch.inputs)
    settling = _Settling(batch, layout, differences, month)
    present = None if bool(batch.present.all()) else batch.present
    pools = work_month(month.inputs, batch.answers, present, settle=settling.settle, finish=settling.finish)
    month.close()
    return settling.worked(pools)


_GROUPS = {EARNING: 0, DEDUCTION: 1, PAID_BY_EMPLOYER: 2}  # what differences are added up by; dues are no contribution
_OF_DUES = len(_GROUPS)


class _Settling:
    """From earnings to net pay, for one piece of the street after the other."""

    def __init__(self, batch: Batch, layout: tuple[Line, ...], differences: Differences, month: Month) -> None:
        self.batch = batch
        self.month = month
        self.layout = layout
        self.differences = differences
        self.desk = desk_of(batch.tax_answers, paid_in=batch.paid_in, inputs=batch.inputs)
        self.earnings = {line.code for line in layout if line.kind == EARNING}
        self.exempt = {line.code for line in layout if line.kind == EARNING and not line.taxable}
        self.lines: list[Lines] = []
        self.columns: list[dict[str, Int]] = []
        self.stopped: list[Bool] = []
        self.found: list[Found] = list(differences.found)
        self.late = self._differences()
        is_note = np.array([line.kind == NOTE for line in layout], dtype=bool)
        self.owed_late = differences.slip[~is_note[differences.code]]  # a figure that is not paid makes no slip
        self.settled: dict[int, dict[str, Int]] = {}

    def _differences(self) -> dict[str, Int] | None:
        """Sums of the differences by slip."""
        if not len(self.differences.slip):
            return None
        size = self.batch.inputs.size
        groups = [_OF_DUES if one.code == DUES else _GROUPS.get(one.kind, _OF_DUES + 1) for one in self.layout]
        earned, own, employer, dues, _ = self.differences.totals(groups, size, count=_OF_DUES + 2)
        exempt, _ = self.differences.totals([int(one.code not in self.exempt) for one in self.layout], size, count=2)
        return {"earned": earned, "exempt": exempt, "own": own, "employer": employer, "dues": dues}

    def _with(self, name: str, amounts: Int, rows: slice) -> Int:
        return amounts if self.late is None else amounts + self.late[name][rows]

    def settle(self, piece: Piece) -> None:
        inputs, sheet, rows = piece.inputs, piece.sheet, piece.rows
        own, employer = contribute_and_hold(piece)
        usual = sheet.total(self.earnings.__contains__)
        exempt = None if self.exempt.isdisjoint(sheet.lines) else sheet.total(self.exempt.__contains__)
        late_exempt = None if self.late is None else self.late["exempt"][rows]
        both = [one for one in (exempt, late_exempt) if one is not None and np.count_nonzero(one)]
        gross = self._with("earned", usual, rows)
        if (beyond := too_large((gross,), MOST_PAY)) is not None:
            sheet.find_next(beyond, always(findings.too_much), "pay.composition")
        special = self._with("own", own, rows)
        paid = Paid(
            gross=gross,
            exempt=sum_of(both, sheet.size) if both else None,
            special=special,
            bonus=sheet.lines.get(BONUS),
            usual=usual,
            usual_exempt=exempt,
            usual_special=own,
            late_relief=self.differences.relief[rows],
        )
        taxed = tax(self.desk, inputs, cut_year(self.batch.year, rows), paid)
        sheet.lines[TAX] = taxed.tax
        nothing = zeros(sheet.size)
        bonus_tax = sheet.lines[BONUS_TAX] = nothing if taxed.bonus_tax is None else taxed.bonus_tax
        taken = [special, taxed.tax, bonus_tax, *self._take_off(piece, usual)]
        taken += [] if self.late is None else [self.late["dues"][rows]]
        net = balance(piece, self._account(rows, gross, gross - sum_of(taken, sheet.size)), partial(_floor, piece))
        amounts = (gross, special, self._with("employer", employer, rows), taxed.tax, net, taxed.income, paid.exempt)
        reported = (special, taxed.additional, taxed.other, taxed.relief, taxed.bonus, bonus_tax)
        columns = zip(COLUMNS, (*amounts, *reported), strict=True)
        self.settled[rows.start] = {name: nothing if one is None else one for name, one in columns}

    def _account(self, rows: slice, gross: Int, net: Int) -> Account:
        earned, own = (None if self.late is None else self.late[name][rows] for name in ("earned", "own"))
        year = cut_year(self.batch.year, rows)
        return Account(gross, net, earned, own, year.owed, year.repaid, year.written_off)

    def _take_off(self, piece: Piece, usual: Int) -> list[Int]:
        """Union dues, and what was entered to be taken off: within the bounds of the month's own pay."""
        inputs, sheet = piece.inputs, piece.sheet
        found: list[Int] = []
        due = dues_of(piece)
        if due is not None:
            sheet.put(DUES, due)
            found.append(sheet.lines[DUES])
        limits = terms_of(sheet.answers, "pay.deduction_limits", DeductionLimits)
        for code in sorted(inputs.entered):
            amount = said(inputs.entered, code) if code.startswith(DEDUCTIONS) else None
            if amount is None:
                continue
            sheet.put(code, amount)
            found.append(sheet.lines[code])
            limit = limits.limits.get(code.removeprefix(DEDUCTIONS)) if limits else None
            if limit is not None:
                most = deduction_limit(limit, usual, _floor(piece))
                name, entered = code.removeprefix(DEDUCTIONS), sheet.lines[code]
                words = partial(_too_large, name, entered, most)
                sheet.find_next(entered > most, words, "pay.deduction_limits")
        return found

    def finish(self, piece: Piece) -> None:
        sheet, columns = piece.sheet, self.settled.pop(piece.rows.start)
        self.month.look(piece)
        self._look(piece, columns["gross"])
        look(sheet, columns["gross"])
        empty = is_empty(sheet, self.owed_late)
        stopped = sheet.stopped if empty is None else sheet.stopped | empty
        if stopped.any():
            sheet.lines = {code: amounts * ~stopped for code, amounts in sheet.lines.items()}
            columns = {name: amounts * ~stopped for name, amounts in columns.items()}
        self.lines.append(sheet.lines)
        self.columns.append(columns)
        self.stopped.append(stopped)
        self.found += sheet.found

    def _look(self, piece: Piece, gross: Int) -> None:
        """What does not stop a slip, but somebody should look at."""
        terms = terms_of(piece.sheet.answers, "pay.swing", PaySwing)
        if terms is None:
            return
        last = self.batch.year.last_gross[piece.rows]
        last = np.where(last == ABSENT, 0, last)
        words = partial(_swing, gross, last)
        swung = has_swung(terms, gross, last) & ~piece.sheet.stopped
        piece.sheet.find(swung, words, "pay.swing", blocks=False)

    def worked(self, pools: tuple[Pool, ...]) -> Worked:
        stopped = np.concatenate(self.stopped) if self.stopped else np.zeros(0, dtype=bool)
        if len(self.columns) == 1:
            columns = self.columns[0]
        else:
            columns = {name: np.concatenate([zeros(0), *(one[name] for one in self.columns)]) for name in COLUMNS}
        return Worked(
            layout=self.layout,
            differences=self.differences,
            lines=self.lines,
            columns=columns,
            paid=~stopped,
            found=sorted(self.found, key=lambda one: (one.slip, one.period, one.code, one.zh)),
            pools=pools,
            kept=self.month.inputs.kept,
        )


def _floor(piece: Piece) -> Int | None:
    return floor_kept(piece.inputs, piece.sheet, piece.earned)


def _too_large(name: str, entered: Int, most: Int, row: int) -> Finding:
    return findings.deduction_too_large(name, int(entered[row]), int(most[row]))


def _swing(gross: Int, last: Int, row: int) -> Finding:
    return swing(yuan(gross[row]), yuan(last[row]))
