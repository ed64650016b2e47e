from typing import Annotated, Literal

from pydantic import BaseModel, Field, PositiveInt

from common.policy import Finding, Terms, rule
from contracts.rules.renewals import EvaluatedYears, FailedYears

PostClass = Literal["head", "committee_member", "ordinary"]
Ground = Literal[
    "failed_evaluations",
    "breach_of_rules",
    "grave_dereliction",
    "duties_not_done",
    "not_able",
    "other_by_law",
]
LegalGround = Literal[
    "W-AGREE", "W-AGREE-E", "E-RESIGN", "E-38",
    "R-39-1", "R-39-2", "R-39-3", "R-39-4", "R-39-5", "R-39-6",
    "R-40-1", "R-40-2", "R-40-3", "R-41",
    "T-EXP", "T-EXP-E", "T-PENS", "T-AGE", "T-DEATH", "T-CLOSE",
]  # fmt: skip


class FailedEvaluations(Terms):
    years_running: PositiveInt | None = Field(default=None, title="连续不合格（年）")
    years_in_all: PositiveInt | None = Field(default=None, title="累计不合格（年）")


@rule("exit.failed_evaluations")
def may_end_for_failed_evaluations(
    terms: FailedEvaluations, *, evaluated_years: EvaluatedYears, failed_years: FailedYears
) -> bool:
    """Whether a worker may be let go for failed yearly evaluations.

    Our reading: running years are calendar years one after the other; a passed year breaks the run, and so does a year
    without an evaluation.
    """
    longest = run = 0
    before = None
    for year in sorted(set(evaluated_years)):
        follows = before is not None and year - before == 1
        run = (run if follows else 0) + 1 if year in failed_years else 0
        longest, before = max(longest, run), year
    return _reached(longest, terms.years_running) or _reached(len(set(failed_years)), terms.years_in_all)


def _reached(years: int, needed: int | None) -> bool:
    return needed is not None and years >= needed


class ExitProcedure(Terms):
    grounds: list[Ground] = Field(title="可退出的情形", min_length=1)
    hearing_before_decision: bool = Field(title="决定前须听取本人意见")
    own_procedure_for: list[PostClass] = Field(default_factory=list, title="另有法定退出程序的岗位")


@rule("exit.procedure")
def exit_procedure_findings(
    terms: ExitProcedure,
    *,
    ground: Annotated[Ground, Field(title="情形")],
    post_class: Annotated[str, Field(title="岗位类别")],
    statutory_procedure_done: Annotated[bool, Field(title="法定程序已履行")],
    deciding: Annotated[bool, Field(title="正在作出决定")],
    heard: Annotated[bool, Field(title="已听取本人意见")],
) -> list[Finding]:
    """Whether an exit may be opened, and then decided, on this ground.

    Our reading: whoever holds a post of a class with a statutory procedure of its own leaves that office first; only
    then does the agreement end here. The hearing is asked for at the decision, not at the opening.
    """
    findings = []
    if ground not in terms.grounds:
        findings.append(
            Finding(
                code="ground_not_foreseen",
                zh=f"“{ground}”不是规定的退出情形；可用情形：{'、'.join(terms.grounds)}",
                en=f"{ground} is not a ground foreseen here; the grounds are {', '.join(terms.grounds)}",
            )
        )
    if post_class in terms.own_procedure_for and not statutory_procedure_done:
        findings.append(
            Finding(
                code="statutory_procedure_first",
                zh="此类岗位人员须先履行法定退出程序，再解除协议；请填写法定程序完成日",
                en="holders of such a post leave by their statutory procedure first; give the day it was completed",
            )
        )
    if deciding and terms.hearing_before_decision and not heard:
        findings.append(
            Finding(
                code="not_heard",
                zh="尚未听取本人意见，不能作出退出决定；请先记录听取意见的情况",
                en="the worker has not been heard; hold the hearing before the decision",
            )
        )
    return findings


class LegalGroundTerms(Terms):
    carries: dict[LegalGround, list[Ground]] = Field(title="法定事由可承接的情形", min_length=1)


class LegalGroundFit(BaseModel):
    """Whether this article carries the exit; the other two tell how near it comes when it does not."""

    permitted: bool
    knows_legal_ground: bool
    knows_ground: bool
    findings: list[Finding]


@rule("exit.legal_ground", every=True)
def legal_ground_fit(
    terms: LegalGroundTerms,
    *,
    ground: Annotated[Ground, Field(title="情形")],
    legal_ground: Annotated[LegalGround | None, Field(title="法定事由")],
) -> LegalGroundFit:
    """Whether a legal ground of this article carries an exit from a labour contract.

    Our reading: what a local document names (so many failed years) is no legal ground by itself: the case must name the
    ground of law that it amounts to. Each article answers for its own grounds; one that carries the case is enough.
    """
    carried = terms.carries.get(legal_ground, []) if legal_ground else []
    fitting = [code for code, grounds in terms.carries.items() if ground in grounds]
    findings = []
    if legal_ground is None:
        findings.append(
            Finding(
                code="legal_ground_missing",
                zh=f"解除劳动合同须写明法定事由；本条可用：{'、'.join(fitting) or '无'}",
                en=f"ending a labour contract needs its legal ground; of this article: {', '.join(fitting) or 'none'}",
            )
        )
    elif ground not in carried:
        findings.append(
            Finding(
                code="legal_ground_does_not_fit",
                zh=f"法定事由 {legal_ground} 不能承接“{ground}”；本条可用：{'、'.join(fitting) or '无'}",
                en=f"{legal_ground} does not carry {ground}; of this article: {', '.join(fitting) or 'none'}",
            )
        )
    return LegalGroundFit(
        permitted=not findings,
        knows_legal_ground=legal_ground in terms.carries,
        knows_ground=bool(fitting),
        findings=findings,
    )
