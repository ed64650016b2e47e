"""From scores to hiring: totals, order, and what must have been open to objection for how long."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt

from common.decimals import PLAIN
from common.policy import Finding, Terms, rule
from recruitment.rules.process import Stage

Score = Annotated[Decimal, Field(ge=0, le=100, decimal_places=4), PLAIN]


class Weights(Terms):
    """How the scored stages make a total."""

    weights: dict[str, Annotated[Decimal, Field(gt=0, le=100, decimal_places=4), PLAIN]] = Field(title="各环节权重")
    pass_marks: dict[str, Score] = Field(default_factory=dict, title="合格线")
    places: NonNegativeInt = Field(title="总成绩小数位数", le=6)


class Total(BaseModel):
    permitted: bool
    total: Decimal | None
    findings: list[Finding]


@rule("score.total")
def score_total(
    terms: Weights,
    *,
    stages: Annotated[tuple[Stage, ...], Field(title="方案的计分环节")],
    scores: Annotated[dict[str, Score], Field(title="成绩")],
) -> Total:
    """The total of an applicant's scores, and whether each mark that must be reached was reached.

    Weights and pass marks are given by the codes of the scored stages. Weights are shares of the sum of the weights of
    the plan's own scored stages: a plan without a written exam counts the interview alone. Single scores are not
    rounded, the total is, half up, and stands only when all are there.
    """
    findings = [
        Finding(
            code="no_weight", zh=f"没有规定环节“{one.name}”的权重", en=f"no weight is set for the stage '{one.stage}'"
        )
        for one in stages
        if one.stage not in terms.weights
    ]
    findings += [
        Finding(
            code="below_pass_mark",
            zh=f"{one.name}成绩{scores[one.stage]}分，低于合格线{terms.pass_marks[one.stage]}分",
            en=f"{one.stage} score {scores[one.stage]} is below the pass mark {terms.pass_marks[one.stage]}",
        )
        for one in stages
        if one.stage in scores and one.stage in terms.pass_marks and scores[one.stage] < terms.pass_marks[one.stage]
    ]
    total = None
    codes = [one.stage for one in stages]
    if all(one in terms.weights and one in scores for one in codes):
        total = _weighted(terms, codes, scores)
    return Total(permitted=not findings, total=total, findings=findings)


def _weighted(terms: Weights, stages: Sequence[str], scores: dict[str, Decimal]) -> Decimal:
    whole = sum((terms.weights[one] for one in stages), Decimal(0))
    exact = sum((terms.weights[one] * scores[one] for one in stages), Decimal(0)) / (whole or 1)
    return exact.quantize(Decimal(1).scaleb(-terms.places), rounding=ROUND_HALF_UP)


class Preference(Terms):
    """Who comes first among equals, and what then decides."""

    prefer: tuple[str, ...] = Field(
        default=(), title="同等条件下优先", description="身份、资格或者人员类别，具备其一即可"
    )
    then: tuple[str, ...] = Field(default=(), title="再相同时依次比较的环节")


class Candidate(BaseModel):
    """Only what decides: many stand in one decision."""

    model_config = ConfigDict(frozen=True)

    number: int
    total: Decimal
    scores: dict[str, Decimal]
    holds: list[str]


class Ranking(BaseModel):
    """The numbers of the applications, best first."""

    order: list[int]


@rule("ranking.order")
def ranking_order(
    terms: Preference, *, candidates: Annotated[list[Candidate], Field(title="参加排名的人员")]
) -> Ranking:
    """In which order candidates stand.

    By total. `prefer` names statuses of applicant.qualified (veteran ...) or categories of applicant.category, `then`
    codes of scored stages. A preference decides only between equal totals and adds no points; holding one of those
    named is enough and holding several is no more. Then the stages named, in turn, then whoever applied earlier.
    """

    def place(one: Candidate) -> tuple[Decimal | bool | int, ...]:
        preferred = bool({*terms.prefer} & {*one.holds})
        return (-one.total, not preferred, *(-one.scores.get(stage, Decimal(0)) for stage in terms.then), one.number)

    return Ranking(order=[one.number for one in sorted(candidates, key=place)])


class AtLeast(Terms):
    at_least: NonNegativeInt = Field(title="最少工作日数")


Days = Annotated[NonNegativeInt, Field(title="工作日数")]


@rule("notice.working_days")
def notice_working_days(terms: AtLeast, *, working_days: Days) -> list[Finding]:
    """Whether a recruitment notice stands long enough.

    Working days from the day after publication to the last day for applications.
    """
    return _too_short(terms, working_days, zh="招聘公告", en="the recruitment notice")


@rule("public_notice.working_days")
def public_notice_working_days(terms: AtLeast, *, working_days: Days) -> list[Finding]:
    """Whether a public notice of those to be hired stands long enough.

    Working days from the day after it is put up.
    """
    return _too_short(terms, working_days, zh="公示", en="the public notice")


def _too_short(terms: AtLeast, working_days: int, *, zh: str, en: str) -> list[Finding]:
    if working_days >= terms.at_least:
        return []
    return [
        Finding(
            code="too_short",
            zh=f"{zh}只有{working_days}个工作日，至少应为{terms.at_least}个工作日",
            en=f"{en} stands for {working_days} working days; at least {terms.at_least} are needed",
        )
    ]


class Undisturbed(Terms):
    """The clause asks that the public notice be over and nothing stand against the person."""


@rule("public_notice.permits_hiring")
def public_notice_permits_hiring(
    terms: Undisturbed,
    *,
    hired_on: Annotated[date, Field(title="聘用日")],
    ends_on: Annotated[date, Field(title="公示最后一日")],
    open_objections: Annotated[NonNegativeInt, Field(title="未答复的异议")],
    upheld_objections: Annotated[NonNegativeInt, Field(title="成立的异议")],
) -> list[Finding]:
    """Whether somebody may be hired after the public notice.

    From the day after its last day, when every objection has been answered and none was upheld.
    """
    findings = []
    if hired_on <= ends_on:
        findings.append(
            Finding(
                code="notice_not_over",
                zh=f"公示至{ends_on}（含当日）止，{hired_on}尚不能聘用",
                en=f"the public notice runs to the end of {ends_on}; nobody is hired on {hired_on}",
            )
        )
    if open_objections:
        findings.append(
            Finding(
                code="objection_open",
                zh=f"还有{open_objections}件异议没有答复",
                en=f"{open_objections} objection(s) are not answered yet",
            )
        )
    if upheld_objections:
        findings.append(
            Finding(
                code="objection_upheld",
                zh=f"有{upheld_objections}件异议经核查成立",
                en=f"{upheld_objections} objection(s) were upheld",
            )
        )
    return findings
