"""The worker view and a line of the list: their shapes."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class Shown(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WorkerLine(Shown):
    worker_id: str
    name: str = Field(description="姓名")
    identity_masked: str = Field(description="证件号码（已遮盖）")
    area: str
    staff: str = Field(description="人员类别")
    organisation_id: str
    organisation_name: str | None
    post_class: str
    hired_on: date
    left_on: date | None


class WorkerPerson(Shown):
    name: str = Field(description="姓名")
    identity_masked: str = Field(description="证件号码（已遮盖）")
    category: str | None
    certificate_level: str | None


class WorkerOrganisation(Shown):
    organisation_id: str
    name: str | None
    kind: str | None


class WorkerPost(Shown):
    post_id: str
    post_class: str
    plan_id: str
    application_id: str
    hired_on: date


class WorkerAgreement(Shown):
    agreement_id: str
    status: str = Field(examples=["drafted", "signed"])
    kind: str
    starts_on: date
    ends_on: date | None = Field(description="期满次日")
    signed_on: date | None
    monthly_pay: str | None = Field(description="约定月工资（元）")
    renewal_of: str | None


class WorkerGrade(Shown):
    starts_on: date
    grade: int


class WorkerPayLine(BaseModel):
    code: str
    label: str
    amount: str
    kind: str | None = Field(default=None, examples=["earning", "deduction", "employer", "note"])
    period: str | None = Field(default=None, description="补发、补扣所属的月份；本月的为空", examples=["2024-02"])


class WorkerPayslip(Shown):
    payslip_id: str
    run_id: str
    month: str = Field(examples=["2024-03"])
    cycle: str | None = Field(description="整月或半月", examples=["month", "first_half"])
    gross: str = Field(description="应发（元）")
    contributions: str = Field(description="个人社保公积金（元）")
    tax: str = Field(description="个人所得税（元）")
    net: str = Field(description="实发（元）")
    lines: list[WorkerPayLine]


class WorkerEvaluation(Shown):
    evaluation_id: str
    year: int
    score: str
    grade: str
    passed: bool
    clause: str


class WorkerConsequence(Shown):
    consequence_id: str
    status: str = Field(examples=["proposed", "approved", "rejected"])
    year: int
    kind: str
    decided_on: date | None


class WorkerTraining(Shown):
    training_id: str
    status: str = Field(examples=["due", "completed"])
    due_on: date | None
    clause: str | None
    course: str | None
    completed_on: date | None


class WorkerCertificate(Shown):
    certificate_id: str
    kind: str
    level: str
    registered_on: date


class WorkerFilingStep(Shown):
    status: str
    on: date | None
    correction: bool
    reason: str | None


class WorkerFiling(Shown):
    filing_id: str
    status: str = Field(examples=["opened", "submitted", "returned", "accepted"])
    clause: str | None
    opened_on: date | None
    receipt_number: str | None
    accepted_on: date | None
    history: list[WorkerFilingStep]


class WorkerExitCase(Shown):
    case_id: str
    status: str = Field(examples=["opened", "heard", "dismissed", "left"])
    ground: str
    clause: str
    opened_on: date | None
    held_on: date | None
    dismissed_on: date | None
    left_on: date | None


class WorkerDuty(Shown):
    roster_id: str
    organisation_id: str
    starts_on: date
    place: str = Field(description="服务大厅为 hall，其余为网格名称")


class WorkerLeave(Shown):
    leave_id: str
    status: str = Field(examples=["recorded", "withdrawn"])
    kind: str
    starts_on: date
    ends_on: date | None = Field(description="休假结束后的第一天；撤销的为空")


class WorkerTransfer(Shown):
    transfer_id: str
    from_area: str
    area: str
    organisation_id: str
    post_class: str
    starts_on: date


class WorkerLeaving(Shown):
    left_on: date = Field(description="离岗首日")
    ground: str
    clause: str
    case_id: str


class WorkerDecision(Shown):
    decision_id: str
    subject: str
    rule: str
    document: str
    document_title: str
    clause: str
    at: str
    on: date
    permits: bool


class WorkerView(Shown):
    """`person`、`post`、`organisation` 在聘用消息到达之前为空，其余部分可能已有。

    不是必有的部分，该角色无权查看时没有该项；工作人员本人可见全部。
    """

    worker_id: str
    area: str
    staff: str | None
    person: WorkerPerson | None
    organisation: WorkerOrganisation | None
    post: WorkerPost | None
    left: WorkerLeaving | None = None
    agreements: list[WorkerAgreement] = Field(default_factory=list)
    grades: list[WorkerGrade] = Field(default_factory=list)
    payslips: list[WorkerPayslip] = Field(default_factory=list)
    evaluations: list[WorkerEvaluation] = Field(default_factory=list)
    consequences: list[WorkerConsequence] = Field(default_factory=list)
    trainings: list[WorkerTraining] = Field(default_factory=list)
    certificates: list[WorkerCertificate]
    filings: list[WorkerFiling] = Field(default_factory=list)
    exit_cases: list[WorkerExitCase] = Field(default_factory=list)
    duties: list[WorkerDuty] = Field(default_factory=list)
    leaves: list[WorkerLeave] = Field(default_factory=list)
    transfers: list[WorkerTransfer] = Field(default_factory=list)
    decisions: list[WorkerDecision]
