from datetime import date
from typing import Annotated

from pydantic import Field

from common.areas import Level, area_at
from common.policy import Finding, Terms, rule


class TransferTerms(Terms):
    within: Level | None = Field(default=None, title="调动范围", description="原岗位与新岗位须同在这一级地区之内")


@rule("transfer.permitted")
def transfer_findings(
    terms: TransferTerms,
    *,
    from_area: Annotated[str, Field(title="原岗位地区")],
    to_area: Annotated[str, Field(title="新岗位地区")],
    starts_on: Annotated[date, Field(title="调动日")],
    consented_on: Annotated[date, Field(title="本人书面同意日")],
) -> list[Finding]:
    """Whether a worker may be moved from one post to another while the agreement goes on.

    Our reading: both sides consent, the office by deciding on it, the worker in writing and before the day of the
    transfer or on it. A post of the level itself (a city's own) lies within the level.
    """
    findings = []
    if consented_on > starts_on:
        findings.append(
            Finding(
                code="consent_too_late",
                zh=f"本人书面同意日 {consented_on} 晚于调动日 {starts_on}，须先取得本人同意",
                en=f"the worker consented on {consented_on}, after the transfer on {starts_on}; consent comes first",
            )
        )
    if terms.within is not None:
        here, there = area_at(from_area, terms.within), area_at(to_area, terms.within)
        if here is None or here != there:
            findings.append(
                Finding(
                    code="outside_range",
                    zh=f"新岗位地区 {to_area} 与原岗位地区 {from_area} 不在同一调动范围内",
                    en=f"area {to_area} and area {from_area} do not lie within the same {terms.within}",
                )
            )
    return findings
