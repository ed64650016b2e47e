"""Social insurance and the housing fund: each scheme by its own rates, floor, ceiling and rounding."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Final, Literal, NamedTuple, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from common.decimals import PLAIN, Share
from common.money import FEN, Yuan
from common.policy import Terms, rule
from common.text import Code, Line
from payroll.rules.amounts import Amount
from payroll.rules.arithmetic import Int, Ratio, Rounding, Same, column, fen, rounded, yuan
from payroll.rules.parameters import SCHEMES

InsuranceStatus = Literal["yes", "no", "elsewhere", "pensioner"]
FIRST_MONTH: Final = "first_month"


class Scheme(BaseModel):
    """`part_time`: whether part-time staff are in the scheme as well. `statuses`: who is in it, by how somebody is
    insured. `first_job_from`: from which month of a first job on it is owed. `unset_base`: what whoever has no base
    goes by, the first month's pay with the employer from then on, or each month's own.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    scheme: Code
    label_zh: Line | None = None
    employer: Share
    worker: Share
    worker_fixed: Amount = Decimal("0.00")
    floor: Amount
    ceiling: Amount
    unit: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2), PLAIN]
    rounding: Rounding
    part_time: bool = False
    statuses: tuple[InsuranceStatus, ...] = Field(default=("yes",), min_length=1)
    first_job_from: PositiveInt = 1
    unset_base: Literal["first_month", "each_month"] = FIRST_MONTH

    @model_validator(mode="after")
    def _whole_fen(self) -> Self:
        if self.unit % FEN:
            raise ValueError(f"{self.scheme}: amounts are rounded to whole fen or more")
        return self

    @model_validator(mode="after")
    def _floor_below_ceiling(self) -> Self:
        if self.floor > self.ceiling:
            raise ValueError(f"{self.scheme}: the floor {self.floor} lies above the ceiling {self.ceiling}")
        return self

    @property
    def label(self) -> str:
        return self.label_zh or SCHEMES.get(self.scheme, self.scheme)

    def amount(self, contribution_base: Decimal, rate: Decimal) -> Decimal:
        return yuan(self.amounts(column(fen(contribution_base)), rate)[0])

    def amounts(self, contribution_base: Int, rate: Decimal) -> Int:
        """One side's contribution, row by row, in fen."""
        return rounded(contribution_base, Ratio.of(rate), fen(self.unit), self.rounding)


class Figures(NamedTuple):
    """A scheme in whole fen."""

    floor: int
    ceiling: int
    unit: int
    fixed: int
    employer: Ratio
    worker: Ratio
    rounding: Rounding

    @classmethod
    def of(cls, one: Scheme) -> "Figures":
        whole = (fen(one.floor), fen(one.ceiling), fen(one.unit), fen(one.worker_fixed))
        return cls(*whole, Ratio.of(one.employer), Ratio.of(one.worker), one.rounding)


@dataclass(frozen=True)
class Sides:
    """What a scheme is owed, row by row, in fen."""

    employer: Int
    worker: Int


def contributed(scheme: Figures, contribution_base: Int, *, fixed: int) -> Sides:
    """Both sides of a scheme on a base that is already held to floor and ceiling; `fixed` fen on top."""
    worker = employer = rounded(contribution_base, scheme.employer, scheme.unit, scheme.rounding)
    if scheme.worker != scheme.employer:
        worker = rounded(contribution_base, scheme.worker, scheme.unit, scheme.rounding)
    return Sides(employer, worker + fixed if fixed else worker)


def held_to(pay: Int, floor: int, ceiling: int) -> Int:
    found: Int = np.minimum(np.maximum(pay, floor), ceiling)
    return found


class ContributionSchemes(Terms):
    schemes: tuple[Scheme, ...] = Field(
        title="险种", description="各险种的费率、定额、基数上下限和进位办法", min_length=1
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        codes = [scheme.scheme for scheme in self.schemes]
        if len(set(codes)) != len(codes):
            raise ValueError("each scheme stands once")
        return self


@lru_cache(maxsize=256)
def figures_of(terms: Same[ContributionSchemes]) -> tuple[tuple[Scheme, Figures], ...]:
    return tuple((one, Figures.of(one)) for one in terms.it.schemes)


class Contribution(BaseModel):
    scheme: str
    label_zh: str
    contribution_base: Yuan
    employer_rate: Decimal
    worker_rate: Decimal
    worker_fixed: Yuan
    employer: Yuan
    worker: Yuan


class Contributions(BaseModel):
    schemes: list[Contribution]

    @property
    def worker(self) -> Decimal:
        return sum((one.worker for one in self.schemes), Decimal("0.00"))

    @property
    def employer(self) -> Decimal:
        return sum((one.employer for one in self.schemes), Decimal("0.00"))


@rule("contributions.amounts")
def contribution_amounts(
    terms: ContributionSchemes,
    *,
    pay: Annotated[Yuan, Field(title="缴费工资", ge=0)],
    part_time: Annotated[bool, Field(title="非全日制")] = False,
    insured: Annotated[InsuranceStatus, Field(title="参保情况")] = "yes",
    month_of_first_job: Annotated[PositiveInt | None, Field(title="首次就业的第几个月")] = None,
) -> Contributions:
    """What employer and worker pay for the month into each scheme.

    `unit` is what an amount is rounded to: "0.01" the fen, "1" the yuan. `worker_fixed` may be left out, `label_zh` of
    a usual scheme too. Somebody must answer for each kind of staff that is paid, were it with rates of 0. `statuses`
    says who is in a scheme: usually `yes` alone; `first_job_from` from which month of a first job on; `unset_base`
    that, without a base, each month's own pay counts (`each_month`), where usually the first month's does from then on.

    Our reading: each scheme holds the monthly pay to its own floor and ceiling and rounds each side for itself;
    the fixed yuan of a scheme are the worker's and come on top, unrounded. Where part-timers are paid by halves of a
    month, each half is held to half of floor and ceiling (and of a base that was set, half up to the fen), and the
    fixed yuan fall in the second. A month of a first job is a calendar month, however late in it somebody began.
    """
    found = []
    for scheme in terms.schemes:
        if (part_time and not scheme.part_time) or insured not in scheme.statuses:
            continue
        if month_of_first_job is not None and month_of_first_job < scheme.first_job_from:
            continue
        figures = Figures.of(scheme)
        counted = held_to(column(fen(pay)), figures.floor, figures.ceiling)
        sides = contributed(figures, counted, fixed=figures.fixed)
        found.append(
            Contribution(
                scheme=scheme.scheme,
                label_zh=scheme.label,
                contribution_base=yuan(counted[0]),
                employer_rate=scheme.employer,
                worker_rate=scheme.worker,
                worker_fixed=scheme.worker_fixed,
                employer=yuan(sides.employer[0]),
                worker=yuan(sides.worker[0]),
            )
        )
    return Contributions(schemes=found)
