from decimal import Decimal
from typing import Annotated

from pydantic import Field

from common.decimals import PLAIN
from common.policy import Finding, Terms, rule


class PartTimeTerms(Terms):
    most_hours_a_day: Annotated[Decimal, Field(gt=0, le=24, decimal_places=2), PLAIN] = Field(
        title="平均每日工作时间上限（小时）"
    )
    most_hours_a_week: Annotated[Decimal, Field(gt=0, le=168, decimal_places=2), PLAIN] = Field(
        title="每周工作时间上限（小时）"
    )
    most_probation_months: int = Field(ge=0, title="试用期最长（月）")


@rule("agreement.part_time")
def part_time_findings(
    terms: PartTimeTerms,
    *,
    hours_a_day: Annotated[Decimal, Field(title="平均每日工作时间（小时）", gt=0)],
    hours_a_week: Annotated[Decimal, Field(title="每周工作时间（小时）", gt=0)],
    probation_months: Annotated[int, Field(title="试用期（月）", ge=0)],
) -> list[Finding]:
    """Whether work may be agreed on as part-time, paid by the hour.

    Where no clause answers there is no part-time agreement. Hours that are exceeded later are not seen here.
    """
    findings = []
    if hours_a_day > terms.most_hours_a_day or hours_a_week > terms.most_hours_a_week:
        findings.append(
            Finding(
                code="too_many_hours",
                zh=f"非全日制用工平均每日不超过 {terms.most_hours_a_day} 小时、"
                f"每周累计不超过 {terms.most_hours_a_week} 小时，"
                f"所填为每日 {hours_a_day} 小时、每周 {hours_a_week} 小时",
                en=f"part-time work is at most {terms.most_hours_a_day} hours a day and {terms.most_hours_a_week} a "
                f"week, not {hours_a_day} and {hours_a_week}",
            )
        )
    if probation_months > terms.most_probation_months:
        findings.append(
            Finding(
                code="probation_too_long",
                zh=f"非全日制用工试用期最长 {terms.most_probation_months} 个月，所填为 {probation_months} 个月",
                en=f"part-time work has at most {terms.most_probation_months} months of probation, not "
                f"{probation_months}",
            )
        )
    return findings
