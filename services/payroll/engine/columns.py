"""What the engine reads and what it gives, column by column."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.policy import Terms
from payroll.rules.cycles import PayPeriod

Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

ABSENT = int(np.iinfo(np.int64).min)  # "nothing was said", where nothing and zero differ


@dataclass(frozen=True)
class Spoken:
    """A clause as the answer to one rule for a whole street and month, with the parameter rows that filled it."""

    terms: Terms
    clause: str
    document: str
    title: str
    at: str
    parameters: tuple[str, ...] = ()


Answers = Mapping[str, Spoken]  # by the rule's name


@dataclass(frozen=True)
class Coded:
    """Words by their number in `words`; -1 is none."""

    codes: Int
    words: tuple[str, ...]


@dataclass(frozen=True)
class Inputs:
    """A street's month (or half of one): everything that pay, contributions and floor go by, before tax.

    Rows are slips: a worker with one employer, in the order of (worker_id, organisation_id). A slip has one or more
    stretches of days with unchanged facts; stretches are sorted by slip, then day. Money in fen, scores and hours in
    hundredths. `weekdays` are Monday to Friday, `days` calendar days, both of the stretch and within the period;
    `month_weekdays` and `month_days` those of the whole calendar month.
    """

    area: str
    staff: str
    month: str
    cycle: str
    month_weekdays: int
    month_days: int
    worker_ids: tuple[str, ...]
    organisation_ids: tuple[str, ...]
    # stretches
    slip: Int
    first_day: Int  # day of the month
    last_day: Int  # day of the month, included
    weekdays: Int
    days: Int
    standard: Int  # monthly fen of class and grade; ABSENT without one
    standard_source: Coded  # id of the pay standard, or "agreement"
    years: Int  # full years of service on the first day of the stretch
    keys: Mapping[str, Coded]  # post_class, grade, certificate, education, title, level, result, …
    # slips
    part_time: Bool
    probation: Bool  # the whole period lies in probation
    score: Int  # ABSENT without one
    leave: Mapping[str, Int]  # weekdays of leave within the period, by kind
    entered: Mapping[str, Int]  # by entry code; ABSENT where nothing was entered
    bases: Mapping[str, Int]  # contribution base by scheme; ABSENT: none was set
    kept: Mapping[str, Int]  # by scheme, the pay of the first month with the employer, where it stands in for a base
    insured: Bool  # False: another employer here insures
    insurance: Coded  # how somebody is insured; none: as usual
    month_of_first_job: Int  # 1 in the month in which somebody began to work at all; ABSENT where it is not known

    @property
    def size(self) -> int:
        return len(self.worker_ids)

    @property
    def period(self) -> str:
        """The month, or the half of it: `2026-03`, `2026-03.1`, `2026-03.2`."""
        return PayPeriod(self.month, self.cycle).name


@dataclass(frozen=True)
class Year:
    """What tax goes by, per slip: totals of the tax year with this employer before this slip."""

    months: Int  # of employment in the tax year up to the month of payment
    mode: Coded  # of the basic deduction
    income_last_year: Int  # where the mode follows from the slips of last year; ABSENT where it does not
    income: Int
    exempt: Int
    special: Int
    additional: Int
    other: Int
    relief: Int
    withheld: Int
    reported: Mapping[str, Int]  # by entry code, all deductions of the year with those of the month of payment
    bonuses_apart: Int  # how many annual bonuses were taxed apart this year
    bonus_way: Coded  # the person's choice; none: the better way is taken
    last_gross: Int  # of the month before, for the check of swings; ABSENT without one
    owed: Int  # what the employer laid out before and has not got back
    repaid: Int  # of what it laid out, paid back by the worker since the last slip; no longer in `owed`
    written_off: Int  # of what it laid out, borne by the employer since the last slip; no longer in `owed`


@dataclass(frozen=True)
class Past:
    """An earlier period worked out again: its inputs as known now, and what was paid for it until now.

    `mine` is the slip of the batch that a row's differences go to, -1 where another batch pays them. `paid` is by line
    code. `change_id` is what caused a row's difference, the row's own change before one of everybody.
    """

    inputs: Inputs
    answers: Answers
    paid: Mapping[str, Int]
    mine: Int
    change_id: Int


@dataclass(frozen=True)
class Batch:
    """Everything that one sealed snapshot holds. `present` is False where a slip carries differences alone."""

    paid_in: str
    inputs: Inputs
    answers: Answers
    tax_answers: Answers
    year: Year
    present: Bool
    past: tuple[Past, ...] = ()


@dataclass(frozen=True)
class Line:
    """One line of a batch's layout. `kind`: earning, deduction, employer, note (a figure that is not paid)."""

    code: str
    kind: str
    label_zh: str
    component: str | None  # the kind of component, or of scheme, that made it
    rule: str | None
    clause: str | None
    taxable: bool = True


@dataclass(frozen=True)
class Found:
    """What stands in the way of one slip (then it is set aside), or what somebody should look at (`blocks` False)."""

    slip: int
    period: str
    code: str
    zh: str
    en: str
    rule: str | None = None
    clause: str | None = None
    blocks: bool = True


@dataclass(frozen=True)
class Pool:
    """A pool as it was shared: the slips, what each brought in, the scores, what each takes out."""

    area: str
    month: str
    slips: Int
    brought_in: Int
    scores: Int
    shares: Int


@dataclass(frozen=True)
class FirstMonth:
    """By which pay of this month contributions go from now on, until a base is set; rows are workers with an employer.

    `slips`: of the present period, which counts if that slip is paid; -1 another batch's. By scheme: `begun` the pay of
    whose first month it is, ABSENT for others; `ended`: whose it is not, or no longer, of those without a set base.
    """

    month: str
    slips: Int
    worker_ids: tuple[str, ...]
    organisation_ids: tuple[str, ...]
    begun: Mapping[str, Int]
    ended: Mapping[str, Bool]


@dataclass(frozen=True)
class Results:
    """What comes out. `columns`: gross, contributions, employer_contributions, tax, net, income, exempt, special,
    additional, other, relief, bonus, bonus_tax, one value a slip. Lines are flat and sorted by slip: `line_slip`,
    `line_code` (number in `layout`), `line_amount`, `line_period` (number in `periods`, -1 this one), `line_change`
    (-1 none), `line_employer` (number in `employers`: that of the earlier month, -1 the slip's own). Slips that were
    set aside have no lines and zero columns: `paid` is False. `kept` is that of the inputs, by what was found here.
    """

    layout: tuple[Line, ...]
    periods: tuple[str, ...]
    columns: Mapping[str, Int]
    line_slip: Int
    line_code: Int
    line_amount: Int
    line_period: Int
    line_change: Int
    line_employer: Int
    employers: tuple[str, ...]
    kept: Mapping[str, Int]
    first_months: tuple[FirstMonth, ...]
    paid: Bool
    found: tuple[Found, ...]
    pools: tuple[Pool, ...]
    leaves: tuple[bytes, ...]  # SHA-256 of 0x00 and each paid slip's canonical JSON, in order
    root: str  # hex, RFC 9162 tree over the leaves
