import calendar
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any

from pydantic import BaseModel, Field, NonNegativeInt, PositiveInt, ValidationInfo, field_validator

from common.policy import Terms, rule

WHOLE = 100


class Dimension(BaseModel):
    dimension: str = Field(title="维度", pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    label_zh: str = Field(title="名称")


class Leading(BaseModel):
    """Dimensions that a document puts above all: together they weigh at least so many hundredths."""

    dimensions: tuple[str, ...] = Field(title="维度", min_length=1)
    at_least: PositiveInt = Field(title="合计权重下限", le=WHOLE)


class Grade(BaseModel):
    grade: str = Field(title="等次", pattern=r"^[a-z][a-z0-9_]*$", max_length=60)
    label_zh: str = Field(title="名称")
    passed: bool = Field(title="视为通过")


class GradingTerms(Terms):
    """Dimensions and grades stand before weights and thresholds, which are checked against them."""

    dimensions: tuple[Dimension, ...] = Field(title="考核维度", min_length=1)
    leading: Leading | None = Field(default=None, title="侧重维度")
    grades: tuple[Grade, ...] = Field(title="等次", description="由高到低", min_length=2)
    weights: dict[str, NonNegativeInt] = Field(title="权重", description="各维度权重，合计100")
    thresholds: dict[str, NonNegativeInt] = Field(
        title="等次线", description="各等次的最低分，由高到低递减；末等不设线"
    )

    @field_validator("dimensions")
    @classmethod
    def _each_dimension_once(cls, dimensions: tuple[Dimension, ...]) -> tuple[Dimension, ...]:
        if len({one.dimension for one in dimensions}) != len(dimensions):
            raise ValueError("a dimension stands twice")
        return dimensions

    @field_validator("leading")
    @classmethod
    def _leading_ones_exist(cls, leading: Leading | None, info: ValidationInfo) -> Leading | None:
        if leading and not set(leading.dimensions) <= _dimension_names(info.data):
            raise ValueError("a leading dimension is not among the dimensions")
        return leading

    @field_validator("grades")
    @classmethod
    def _each_grade_once(cls, grades: tuple[Grade, ...]) -> tuple[Grade, ...]:
        if len({one.grade for one in grades}) != len(grades):
            raise ValueError("a grade stands twice")
        return grades

    @field_validator("weights")
    @classmethod
    def _weights_make_a_whole(cls, weights: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        if weights.keys() != _dimension_names(info.data):
            raise ValueError("give one weight for each dimension and no other")
        if sum(weights.values()) != WHOLE:
            raise ValueError(f"the weights add up to {sum(weights.values())}, not {WHOLE}")
        leading: Leading | None = info.data.get("leading")
        if leading and sum(weights[name] for name in leading.dimensions) < leading.at_least:
            raise ValueError(f"{', '.join(leading.dimensions)} must together weigh at least {leading.at_least}")
        return weights

    @field_validator("thresholds")
    @classmethod
    def _thresholds_fall(cls, thresholds: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        names = [one.grade for one in info.data.get("grades", ())][:-1]
        if thresholds.keys() != set(names):
            raise ValueError("give one threshold for each grade but the last")
        if any(better <= worse for better, worse in pairwise(thresholds[name] for name in names)):
            raise ValueError("each threshold must lie above the next grade's")
        return thresholds


def _dimension_names(checked: Mapping[str, Any]) -> set[str]:
    return {one.dimension for one in checked.get("dimensions", ())}


class Graded(BaseModel):
    score: Decimal
    grade: str
    passed: bool


class ScoresAskedFor(BaseModel):
    """No grade yet: the scores given are not those of the dimensions."""

    asked: list[str]
    missing: list[str]
    unknown: list[str]


@rule("evaluation.grade")
def grade_by_scores(
    terms: GradingTerms, *, scores: Annotated[dict[str, Decimal], Field(title="各维度得分")]
) -> Graded | ScoresAskedFor:
    """Which grade a year's scores make, and whether it counts as passed.

    Dimensions and grades are codes of the document's own. Weights are given by dimension, thresholds by grade.

    Our reading: the score is the weighted mean of scores from 0 to 100, rounded half up to two places before it is held
    against the thresholds; a threshold is reached at its value. Nothing is assumed for a dimension without a score.
    """
    asked = [one.dimension for one in terms.dimensions]
    missing = [name for name in asked if name not in scores]
    unknown = sorted(scores.keys() - set(asked))
    if missing or unknown:
        return ScoresAskedFor(asked=asked, missing=missing, unknown=unknown)
    exact = sum((scores[name] * terms.weights[name] for name in asked), Decimal(0)) / WHOLE
    score = exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    *upper, last = terms.grades
    grade = next((one for one in upper if score >= terms.thresholds[one.grade]), last)
    return Graded(score=score, grade=grade.grade, passed=grade.passed)


class Kind(StrEnum):
    PAY_STEP_UP = "pay_step_up"
    RENEWAL = "renewal"
    REWARD = "reward"
    PRIORITY_FOR_PROMOTION = "priority_for_promotion"
    ADMONITION_TALK = "admonition_talk"
    NO_RENEWAL = "no_renewal"


class ConsequenceTerms(Terms):
    by_grade: dict[str, tuple[Kind, ...]] = Field(title="各等次的结果运用", min_length=1)


class Proposed(BaseModel):
    kinds: tuple[Kind, ...]


@rule("evaluation.consequences", every=True)
def consequences_of_grade(terms: ConsequenceTerms, *, grade: Annotated[str, Field(title="等次")]) -> Proposed:
    """What is to be proposed after this grade.

    `by_grade` goes by the codes that the document's evaluation.grade gives its grades.

    Our reading: clauses add up, and a grade that a clause does not name has no consequence by that clause. The rule
    only proposes; a person decides each consequence.
    """
    return Proposed(kinds=terms.by_grade.get(grade, ()))


class TrainingTerms(Terms):
    within_months: PositiveInt = Field(title="期限（月）")
    within_months_by_class: dict[str, PositiveInt] = Field(
        default_factory=dict, title="按岗位类别的期限（月）", description="未列出的岗位类别按一般期限"
    )
    repeats: bool = Field(default=False, title="周期性")


@rule("training.due")
def training_due(
    terms: TrainingTerms,
    *,
    post_class: Annotated[str, Field(title="岗位类别")],
    hired_on: Annotated[date, Field(title="录用日期")],
    last_trained_on: Annotated[date | None, Field(title="上次培训日期")] = None,
) -> date | None:
    """By which day the worker must be trained, that day included; None where no further training is asked for.

    Our reading: the months run from the day of hiring, later from the day of the last training, to the day of the same
    number, or to the end of a month that has no such day.
    """
    if last_trained_on is not None and not terms.repeats:
        return None
    months = terms.within_months_by_class.get(post_class, terms.within_months)
    return _months_after(last_trained_on or hired_on, months)


def _months_after(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    if year > date.max.year:
        return date.max
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
