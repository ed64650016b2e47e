"""The order of things: a recruitment's stages, who approves, and how many were approved."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, model_validator

from common.actors import Role
from common.areas import Level
from common.policy import Finding, Terms, rule

CODE = r"^[a-z][a-z0-9_]*$"


class Act(StrEnum):
    """What the platform does at a stage, whatever a document calls the stage."""

    NOTICE = "notice"
    APPLICATION = "application"
    QUALIFICATION_REVIEW = "qualification_review"
    RESULT = "result"
    PUBLIC_NOTICE = "public_notice"
    HIRING = "hiring"


class Stage(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    stage: str = Field(title="环节", max_length=60, pattern=CODE)
    zh: str = Field(default="", title="环节名称", max_length=60)
    scored: bool = Field(default=False, title="是否计分")
    does: Act = Field(
        default=Act.RESULT,
        title="系统在此环节办理的事项",
        description="不写时，环节代码与事项同名的取该事项，其余为记录结果",
    )

    @model_validator(mode="before")
    @classmethod
    def _named_like_its_act(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("does") is None:
            code = given.get("stage")
            return {**given, "does": code if code in set(Act) else Act.RESULT}
        return given

    @property
    def name(self) -> str:
        return self.zh or self.stage


class StageOrder(Terms):
    """The stages of a channel, first to last."""

    stages: tuple[Stage, ...] = Field(title="招聘程序", description="按先后排列的环节")

    @model_validator(mode="after")
    def _can_be_carried_out(self) -> "StageOrder":
        acts = Counter(one.does for one in self.stages)
        for act in Act:
            if act is not Act.RESULT and acts[act] != 1:
                raise ValueError(f"exactly one stage does {act}, not {acts[act]}")
        if len({one.stage for one in self.stages}) != len(self.stages):
            raise ValueError("each stage stands once")
        order = [one.does for one in self.stages]
        if order[:2] != [Act.NOTICE, Act.APPLICATION] or order[-1] is not Act.HIRING:
            raise ValueError("the notice comes first, the application second, the hiring last")
        if any(one.scored for one in self.stages if one.does is not Act.RESULT):
            raise ValueError("only a stage whose result is recorded can be scored")
        if any(one.scored for one in self.stages[order.index(Act.PUBLIC_NOTICE) :]):
            raise ValueError("nothing is scored after the public notice")
        return self


class NextStage(BaseModel):
    permitted: bool
    expected: str | None
    stages: tuple[Stage, ...]
    findings: list[Finding]


@rule("recruitment.stage_in_order")
def stage_in_order(
    terms: StageOrder,
    *,
    done: Annotated[list[str], Field(title="已完成的环节")],
    stage: Annotated[str | None, Field(title="本次办理的环节")] = None,
    agreed: Annotated[tuple[Stage, ...] | None, Field(title="方案拟订时确定的程序")] = None,
) -> NextStage:
    """Which stage comes next, and whether the one asked for is it.

    Each stage has a code and a name (zh). A code of the document's own is a stage whose result is recorded: passed or
    not, or a score where it is `scored`. What the platform itself does (notice, application, qualification_review,
    public_notice, hiring) stands once each, by that code or, under another code, by `does`; notice and application
    come first, the hiring last, and nothing is scored after the public notice. Candidates are ranked after the last
    scored stage. A plan keeps the stages that were decided when it was drafted. None is skipped and none is done twice.
    """
    stages = terms.stages if agreed is None else agreed
    left = [one for one in stages if one.stage not in done]
    expected = left[0] if left else None
    findings = [] if stage is None else list(_out_of_order(stage, stages, done, expected))
    return NextStage(
        permitted=not findings, expected=expected.stage if expected else None, stages=stages, findings=findings
    )


def _out_of_order(stage: str, stages: Sequence[Stage], done: Sequence[str], expected: Stage | None) -> list[Finding]:
    names = {one.stage: one.name for one in stages}
    if stage not in names:
        known = "、".join(names.values())
        return [
            Finding(
                code="unknown_stage",
                zh=f"程序中没有环节“{stage}”；程序依次为：{known}",
                en=f"the process has no stage '{stage}'; its stages are {', '.join(names)}",
            )
        ]
    if stage in done:
        return [
            Finding(code="stage_done", zh=f"环节“{names[stage]}”已经办结", en=f"the stage '{stage}' is already done")
        ]
    if expected is not None and stage != expected.stage:
        return [
            Finding(
                code="stage_skipped",
                zh=f"下一环节应为“{expected.name}”，不能先办“{names[stage]}”",
                en=f"'{expected.stage}' comes next; '{stage}' cannot be done before it",
            )
        ]
    return []


Office = Literal[
    Role.LEAD_DEPARTMENT,
    Role.STREET_OFFICE,
    Role.FINANCE,
    Role.HUMAN_RESOURCES,
    Role.PARTY_COMMITTEE,
    Role.GOVERNMENT,
    Role.CIVIL_AFFAIRS,
    Role.SUPERIOR_UNION,
]


class Approver(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    office: Office = Field(title="审批机关")
    level: Level = Field(title="层级")


class Approvers(Terms):
    """Whose approval is needed, first to last."""

    approvers: tuple[Approver, ...] = Field(title="审批机关", description="按先后排列", min_length=1)


class NextApproval(BaseModel):
    permitted: bool
    expected: Approver | None
    approvers: tuple[Approver, ...]
    findings: list[Finding]


Given = Annotated[NonNegativeInt, Field(title="已有的审批数")]
Offices = Annotated[list[Role] | None, Field(title="办理人的角色")]
OwnLevel = Annotated[Level | None, Field(title="办理人的层级")]
Agreed = Annotated[tuple[Approver, ...] | None, Field(title="提出时确定的审批机关")]


@rule("plan.approvers")
def plan_approvers(
    terms: Approvers, *, given: Given = 0, offices: Offices = None, level: OwnLevel = None, agreed: Agreed = None
) -> NextApproval:
    """Who approves a plan next, and whether whoever asks is that office.

    Where several offices approve they do so in the order of the document. The office's level is that of the area the
    person acts for: the street's own Party committee is party_committee at street level. A plan keeps the approvers
    that were decided when it was drafted.
    """
    return _next_approval(agreed or terms.approvers, given=given, offices=offices, level=level)


def _next_approval(
    approvers: tuple[Approver, ...], *, given: int, offices: Sequence[Role] | None, level: Level | None
) -> NextApproval:
    expected = approvers[given] if given < len(approvers) else None
    findings: list[Finding] = []
    if offices is not None and expected is not None and (expected.office not in offices or expected.level != level):
        findings.append(
            Finding(
                code="another_office",
                zh=f"下一步应由{_LEVELS[expected.level]}{_OFFICES[expected.office]}审批",
                en=f"the next step belongs to {expected.office} at {expected.level} level",
            )
        )
    return NextApproval(permitted=not findings, expected=expected, approvers=approvers, findings=findings)


_LEVELS = {
    Level.NATION: "国家级",
    Level.PROVINCE: "省级",
    Level.CITY: "市级",
    Level.COUNTY: "县（市、区）级",
    Level.STREET: "街道（乡镇）级",
    Level.COMMUNITY: "社区",
}
_OFFICES: dict[Office, str] = {
    Role.LEAD_DEPARTMENT: "群团主管部门",
    Role.STREET_OFFICE: "街道办事处",
    Role.FINANCE: "财政部门",
    Role.HUMAN_RESOURCES: "人力资源社会保障部门",
    Role.PARTY_COMMITTEE: "党委",
    Role.GOVERNMENT: "政府",
    Role.CIVIL_AFFAIRS: "民政部门",
    Role.SUPERIOR_UNION: "总工会",
}


class HeadcountFigures(Terms):
    """On which figures a request for headcount rests, and who approves it."""

    figures: tuple[str, ...] = Field(title="须列明的数字")
    approvers: tuple[Approver, ...] = Field(title="审批机关", description="按先后排列", min_length=1)


Figures = dict[str, Annotated[Decimal, Field(ge=0)]]


@rule("headcount.request")
def headcount_request(
    terms: HeadcountFigures,
    *,
    positions: Annotated[PositiveInt, Field(title="申请人数")],
    figures: Annotated[Figures, Field(title="各项数字")],
    given: Given = 0,
    offices: Offices = None,
    level: OwnLevel = None,
    agreed: Agreed = None,
) -> NextApproval:
    """Whether a request for headcount is complete, and who approves it next.

    The document names what is weighed, not how: each figure must be stated, the number itself is the requester's
    and the approver's judgement.
    """
    answer = _next_approval(agreed or terms.approvers, given=given, offices=offices, level=level)
    missing = [
        Finding(code="figure_missing", zh=f"缺少数字“{name}”", en=f"the figure '{name}' is missing")
        for name in terms.figures
        if name not in figures
    ]
    findings = [*missing, *answer.findings]
    return answer.model_copy(update={"permitted": not findings, "findings": findings})


class NoFigures(Terms):
    """The clause asks for the thing itself and fixes no figure."""


@rule("plan.headcount")
def plan_headcount(
    terms: NoFigures,
    *,
    approved: Annotated[NonNegativeInt, Field(title="已核准人数")],
    used: Annotated[NonNegativeInt, Field(title="其他方案已用人数")],
    wanted: Annotated[PositiveInt, Field(title="本方案人数")],
) -> list[Finding]:
    """Whether approved headcount covers a plan.

    A clause asks for headcount first; headcount.request then says on what figures and by whom it is approved. Where no
    clause answers, a plan needs none. Counted for the organisation: what was approved, less what its plans have taken.
    A plan that was sent back takes nothing; one that ended early takes only those whom it hired.
    """
    if used + wanted <= approved:
        return []
    left = max(approved - used, 0)
    return [
        Finding(
            code="headcount_not_approved",
            zh=f"尚可使用的核准人数为{left}人，方案拟招{wanted}人；请先申请并核准人数",
            en=f"{left} approved positions are left, the plan wants {wanted}; request and approve headcount first",
        )
    ]
