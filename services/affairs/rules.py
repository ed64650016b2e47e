from typing import Annotated

from pydantic import Field, NonNegativeInt, model_validator

from common.policy import Finding, Terms, rule


class HallTerms(Terms):
    lowest: NonNegativeInt = Field(title="大厅最少人数")
    highest: NonNegativeInt = Field(title="大厅最多人数")
    others_in_grids: bool = Field(title="其余人员下沉网格")

    @model_validator(mode="after")
    def _in_order(self) -> "HallTerms":
        if self.lowest > self.highest:
            raise ValueError("the lowest number lies above the highest")
        return self


@rule("duty.hall_staffing")
def hall_staffing(
    terms: HallTerms,
    *,
    hall_workers: Annotated[NonNegativeInt, Field(title="大厅人数")],
    workers_without_duty: Annotated[NonNegativeInt, Field(title="既不在大厅也不在网格的人数")],
) -> list[Finding]:
    """What stands in the way of a duty roster: too few or too many in the hall, or somebody in no grid.

    Our reading: both ends of the range are allowed, and it binds a community of any size: one with fewer workers than
    the lowest number cannot keep a roster.
    """
    findings = []
    short, over = terms.lowest - hall_workers, hall_workers - terms.highest
    if short > 0:
        findings.append(
            Finding(
                code="hall_short",
                zh=f"大厅只安排 {hall_workers} 人，少于 {terms.lowest} 人，尚缺 {short} 人",
                en=f"{hall_workers} in the hall, {short} short of {terms.lowest}",
            )
        )
    if over > 0:
        findings.append(
            Finding(
                code="hall_over",
                zh=f"大厅安排 {hall_workers} 人，超过 {terms.highest} 人，应有 {over} 人下到网格",
                en=f"{hall_workers} in the hall, {over} over {terms.highest}: they belong in grids",
            )
        )
    if terms.others_in_grids and workers_without_duty:
        findings.append(
            Finding(
                code="without_duty",
                zh=f"有 {workers_without_duty} 人既不在大厅也不在网格，应安排到网格",
                en=f"{workers_without_duty} neither in the hall nor in a grid: give each a grid",
            )
        )
    return findings
