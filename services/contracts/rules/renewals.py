from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field, PositiveInt

from common.policy import Finding, Terms, rule
from contracts.rules.agreements import EndsOn, StartsOn, months_begun

EvaluatedYears = Annotated[list[int], Field(title="已考核年度")]
FailedYears = Annotated[list[int], Field(title="不合格年度")]


class RenewalTerms(Terms):
    evaluation_within_years: PositiveInt = Field(title="以几年内的最近一次考核为准")


@rule("renewal.permitted")
def renewal_findings(
    terms: RenewalTerms,
    *,
    starts_on: Annotated[date, Field(title="续签起始日")],
    evaluated_years: EvaluatedYears,
    failed_years: FailedYears,
    declined_years: Annotated[list[int], Field(title="续签建议未获同意的年度")],
) -> list[Finding]:
    """Whether the yearly evaluation lets an agreement be renewed.

    Where no clause answers, a renewal asks for no evaluation. The new agreement keeps to agreement.term as well.

    Our reading: the latest evaluation decides, and it must be of the year in which the renewal begins or of so many
    years before; an older one says nothing. Where the consequence "renewal" of that evaluation was itself decided
    against, the agreement is not renewed even though the evaluation was passed.
    """
    counted = [year for year in evaluated_years if 0 <= starts_on.year - year <= terms.evaluation_within_years]
    if not counted:
        oldest = starts_on.year - terms.evaluation_within_years
        return [
            Finding(
                code="not_evaluated",
                zh=f"没有 {oldest} 至 {starts_on.year} 年度的考核结果，不能续签；请先完成考核",
                en=f"there is no evaluation for {oldest} to {starts_on.year}; evaluate first, then renew",
            )
        ]
    latest = max(counted)
    if latest in failed_years:
        return [
            Finding(
                code="evaluation_failed",
                zh=f"最近一次（{latest} 年度）考核不合格",
                en=f"the latest evaluation ({latest}) was failed",
            )
        ]
    if latest in declined_years:
        return [
            Finding(
                code="renewal_declined",
                zh=f"{latest} 年度考核的续签建议未获同意",
                en=f"the renewal proposed on the evaluation of {latest} was decided against",
            )
        ]
    return []


class Period(BaseModel):
    starts_on: date
    ends_on: date


class LongestRenewal(Terms):
    months: PositiveInt = Field(title="累计最长（月）")


@rule("renewal.longest_months")
def renewal_length_findings(
    terms: LongestRenewal,
    *,
    earlier: Annotated[list[Period], Field(title="此前各期")],
    starts_on: StartsOn,
    ends_on: EndsOn,
) -> list[Finding]:
    """Whether all agreements with one worker, the renewal included, stay within the longest time together.

    Our reading: each period counts by itself, gaps between them do not; a month begun counts whole.
    """
    periods = [*earlier, Period(starts_on=starts_on, ends_on=ends_on)]
    total = sum(months_begun(period.starts_on, period.ends_on) for period in periods)
    if total <= terms.months:
        return []
    return [
        Finding(
            code="over_longest_months",
            zh=f"连同续签累计 {total} 个月，超过上限 {terms.months} 个月",
            en=f"with the renewal it comes to {total} months in all, over the limit of {terms.months}",
        )
    ]
