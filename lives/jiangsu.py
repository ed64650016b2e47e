"""Jiangsu: a union worker of a street in Nanjing's Xuanwu district, from quota to excellent."""

from typing import Any

from lives import paying
from lives.recruiting import Applicant, apply, record
from lives.teller import NotAsTold, Person, Teller

STREET = "320102002"
COUNTY = "320102"
STAFF = "union_worker"

CLERK = Person("玄武区总工会经办人", "xuanwu-clerk", ("lead_department",), COUNTY)
CHIEF = Person("玄武区总工会负责人", "xuanwu-chief", ("lead_department",), COUNTY)
CITY = Person("南京市总工会", "nanjing-union", ("superior_union",), "3201")
FINANCE = Person("玄武区总工会财务", "xuanwu-finance", ("finance",), COUNTY)
DESK = paying.Desk(maker=CLERK, reviewer=CHIEF, approver=FINANCE)
PROVINCE = Person("江苏省总工会备案经办人", "jiangsu-registrar", ("provincial_registrar",), "32")

CERTIFIED = Applicant(
    "陈静",
    "chen-jing",
    COUNTY,
    "1996-05-12",
    42,
    statuses=("social_work_certificate",),
    more={"certificate_level": "assistant_social_worker"},
)
UNCERTIFIED = Applicant("周涛", "zhou-tao", COUNTY, "1994-11-03", 37)
BARRED = Applicant("吴强", "wu-qiang", COUNTY, "1992-02-20", 55, declared_bars=("criminal_record",))
TOO_OLD = Applicant("郑兰", "zheng-lan", COUNTY, "1988-01-15", 64)

# The county's own scheme: an example, like everything else told here.
STEPS: tuple[tuple[str, str, Any], ...] = (
    ("table.level_step", "职业水平", {"assistant_social_worker": "200.00", "social_worker": "400.00"}),
    ("amount.years_step", "每满一年", "30.00"),
    ("table.education_step", "学历", {"bachelor": "150.00", "master": "300.00"}),
    ("table.post_step", "职务", {"head": "500.00"}),
    ("table.title_step", "职称", {"intermediate": "260.00"}),
    ("table.results_step", "业绩", {"excellent": "350.00", "qualified": "150.00"}),
)


def play(teller: Teller) -> None:
    teller.heading("江苏：南京市玄武区梅园新村街道，一名社会化工会工作者")
    union_id = "union-320102002"
    post_id = _posts(teller, union_id)
    plan_id = _plan(teller, union_id, post_id)
    _selection(teller, plan_id)
    worker_id = _hire(teller, plan_id, post_id)
    _agreement(teller, worker_id)
    _filing(teller, worker_id)
    _first_pay(teller, worker_id)
    _training(teller, worker_id)
    _evaluation(teller, worker_id)
    _second_pay(teller, worker_id)
    view = teller.reads(CHIEF, f"/v1/workers/{worker_id}")
    teller.note(f"结果：{view['person']['name']}，{len(view['payslips'])} 个月工资已发放，备案已受理，年度考核优秀。")


def _posts(teller: Teller, union_id: str) -> str:
    teller.today("2024-01-08")
    union = {"organisation_id": union_id, "name": "梅园新村街道总工会", "kind": "street_union", "area": STREET}
    teller.does(
        CLERK,
        "登记梅园新村街道总工会：单独工会 260 家，职工 7300 人",
        "POST",
        "/organisations",
        union | {"unions": 260, "workers": 7300},
    )
    quota = teller.does(
        CLERK,
        "核定岗位定额：应当设岗，{lowest} 至 {highest} 名",
        "POST",
        f"/organisations/{union_id}/quotas",
        {"staff": STAFF, "on": "2024-01-08"},
    )
    teller.expects("定额", (quota["lowest"], quota["highest"], quota["obligation"]), (1, 5, "should"))
    post = {"organisation_id": union_id, "staff": STAFF, "post_class": "ordinary", "on": "2024-01-09"}
    post_id: str = teller.does(CLERK, "设立一个岗位", "POST", "/posts", post)["post_id"]
    figures = {"economy": "1285.00", "staff_gap": "2", "enterprises": "310", "workers": "7300", "funds": "480000.00"}
    request = teller.does(
        CLERK,
        "向市总工会申请员额：1 名",
        "POST",
        "/headcount-requests",
        {
            "area": STREET,
            "staff": STAFF,
            "organisation_id": union_id,
            "positions": 1,
            "figures": figures,
            "on": "2024-01-10",
        },
    )
    path = f"/headcount-requests/{request['request_id']}/approvals"
    teller.does(CITY, "核准员额", "POST", path, {"on": "2024-01-12"})
    return post_id


def _plan(teller: Teller, union_id: str, post_id: str) -> str:
    teller.today("2024-01-15")
    plan = teller.does(
        CLERK,
        "拟定招聘方案：本科以上，不超过 35 周岁",
        "POST",
        "/plans",
        {
            "title": "2024年梅园新村街道社会化工会工作者招聘方案",
            "area": STREET,
            "staff": STAFF,
            "organisation_id": union_id,
            "post_ids": [post_id],
            "oldest_age": 35,
            "lowest_education": "bachelor",
            "age_relaxed_for": [],
            "extra_conditions": [],
            "on": "2024-01-15",
        },
    )
    plan_id: str = plan["plan_id"]
    teller.does(CITY, "批准招聘方案", "POST", f"/plans/{plan_id}/approvals", {"on": "2024-01-18"})
    notice = {"published_on": "2024-01-22", "closes_on": "2024-02-02"}
    teller.does(CLERK, "发布招聘公告，1月22日至2月2日报名", "POST", f"/plans/{plan_id}/notice", notice)
    return plan_id


def _selection(teller: Teller, plan_id: str) -> None:
    teller.today("2024-01-25")
    for applicant in (CERTIFIED, UNCERTIFIED, BARRED, TOO_OLD):
        apply(teller, plan_id, applicant, on="2024-01-25")
    for applicant, passes in ((CERTIFIED, True), (UNCERTIFIED, True), (BARRED, False), (TOO_OLD, False)):
        answer = record(teller, CLERK, applicant, "qualification_review", "2024-02-05")
        verdict = "合格" if passes else "不合格，不再参加后续环节"
        teller.expects(f"{applicant.name}的资格", answer["status"] != "rejected", passes)
        teller.note(f"{applicant.name}：{verdict}")
    for applicant in (CERTIFIED, UNCERTIFIED):
        record(teller, CLERK, applicant, "written_exam", "2024-02-24", score="82.00")
        record(teller, CLERK, applicant, "second_review", "2024-02-28", passed=True)
        record(teller, CLERK, applicant, "interview", "2024-03-02", score="86.00")
    ranking = teller.does(
        CLERK, "排定名次：总分相同，持证者在前", "POST", f"/plans/{plan_id}/ranking", {"on": "2024-03-04"}
    )
    order = [entry["application_id"] for entry in ranking["order"]]
    teller.expects("名次", order, [CERTIFIED.application_id, UNCERTIFIED.application_id])
    record(teller, CLERK, CERTIFIED, "background_check", "2024-03-08", passed=True)
    record(teller, CLERK, CERTIFIED, "medical", "2024-03-12", passed=True)


def _hire(teller: Teller, plan_id: str, post_id: str) -> str:
    teller.today("2024-03-14")
    notice = teller.does(
        CLERK,
        "公示拟录用人选五个工作日，至{ends_on}止",
        "POST",
        f"/plans/{plan_id}/public-notice",
        {"starts_on": "2024-03-14", "working_days": 5},
    )
    teller.expects("公示截止日", notice["ends_on"], "2024-03-21")
    objection = teller.does(
        UNCERTIFIED.as_applicant,
        "公示期间提出异议",
        "POST",
        f"/applications/{CERTIFIED.application_id}/objections",
        {"on": "2024-03-18", "content": "请核实其证书是否在有效期内。"},
    )
    path = f"/objections/{objection['objection_id']}/answers"
    reply = {"on": "2024-03-20", "upheld": False, "answer": "经核实，证书登记有效。"}
    teller.does(CHIEF, "书面答复异议：经核实不成立", "POST", path, reply)
    hired = teller.does(
        CLERK,
        "办理录用",
        "POST",
        f"/applications/{CERTIFIED.application_id}/hiring",
        {"on": "2024-03-25", "post_id": post_id},
    )
    CERTIFIED.worker_id = hired["worker_id"]
    return CERTIFIED.worker_id


def _agreement(teller: Teller, worker_id: str) -> None:
    teller.today("2024-03-25")
    draft = teller.does(
        CLERK,
        "拟定劳动合同：三年，试用期六个月",
        "POST",
        "/agreements",
        {
            "worker_id": worker_id,
            "starts_on": "2024-04-01",
            "ends_on": "2027-04-01",
            "probation_months": 6,
            "duties": "组建工会、服务职工、维护职工权益",
            "place": "南京市玄武区梅园新村街道",
            "on": "2024-03-26",
        },
    )
    path = f"/agreements/{draft['agreement_id']}/signatures"
    teller.does(CHIEF, "代表用人单位签字", "POST", path, {"party": "lead_department", "on": "2024-03-28"})
    teller.does(CERTIFIED.as_worker, "本人签字，劳动合同订立", "POST", path, {"party": "worker", "on": "2024-03-28"})


def _filing(teller: Teller, worker_id: str) -> None:
    teller.today("2024-04-08")
    filing = teller.finds(CHIEF, f"/v1/workers/{worker_id}", lambda view: view["filings"])[0]
    teller.note("录用后，系统已自动生成备案事项，待报送")
    path = f"/filings/{filing['filing_id']}"
    teller.does(CLERK, "向省总工会报送备案", "POST", f"{path}/submissions", {"on": "2024-04-08"})
    reason = {"on": "2024-04-12", "reason": "未注明社会工作者证书等级"}
    teller.does(PROVINCE, "退回备案：未注明证书等级", "POST", f"{path}/returns", reason)
    correction = {"on": "2024-04-15", "explanation": "已补充：助理社会工作师"}
    teller.does(CLERK, "更正后重新报送", "POST", f"{path}/corrections", correction)
    accepted = teller.does(
        PROVINCE, "受理备案，回执号 {receipt_number}", "POST", f"{path}/acceptances", {"on": "2024-04-19"}
    )
    teller.expects("备案状态", accepted["status"], "accepted")


def _standard(teller: Teller, grade: int, amount: str, starts_on: str) -> None:
    standard = teller.does(
        CLERK,
        f"拟定基本工资标准：第 {grade} 档，每月 {amount} 元",
        "POST",
        "/pay-standards",
        {
            "area": COUNTY,
            "staff": STAFF,
            "post_class": "ordinary",
            "grade": grade,
            "monthly_amount": amount,
            "starts_on": starts_on,
            "source": "示例：玄武区社会化工会工作者薪酬方案",
        },
    )
    path = f"/pay-standards/{standard['standard_id']}/approvals"
    teller.does(FINANCE, "复核并批准工资标准", "POST", path, {"on": starts_on})


def _steps(teller: Teller) -> None:
    """What the county pays for each step: the province's document says what the steps go by, and no amount."""
    figure = {"area": COUNTY, "staff": STAFF, "starts_on": "2024-01-01", "confidence": "M", "on": "2024-05-08"}
    figure |= {"source": "示例：玄武区社会化工会工作者薪酬方案"}
    entered = []
    for code, words, value in STEPS:
        row = teller.does(
            CLERK, f"录入档级金额：{words}", "POST", "/parameters", figure | {"code": code, "value": value}
        )
        entered.append(row["parameter_id"])
    checks = {"parameter_ids": entered, "on": "2024-05-08"}
    teller.does(FINANCE, f"对照薪酬方案复核 {len(entered)} 项档级金额，自此生效", "POST", "/parameter-checks", checks)


def _run(teller: Teller, worker_id: str, month: str, on: str, performance: str) -> dict[str, str]:
    year_and_month = f"{month[:4]} 年 {int(month[5:])} 月"
    run = {"area": STREET, "staff": STAFF, "month": month, "paid_in": on[:7], "on": on}
    path = paying.open_run(teller, DESK, f"编制 {year_and_month}工资表", run)
    teller.does(
        CLERK,
        f"录入业绩考评工资 {performance} 元",
        "PUT",
        f"/payroll-entries/{worker_id}/{month}",
        {"values": {"performance_pay": performance}},
    )
    paying.calculate(teller, DESK, path, "核算工资", on=on, expected=(1, 0))
    paying.approve(teller, DESK, path, on=on)
    slip: dict[str, str] = paying.read_slip(teller, CERTIFIED, month)
    paying.pay_out(teller, DESK, path, on=on)
    return slip


def _first_pay(teller: Teller, worker_id: str) -> None:
    teller.today("2024-05-08")
    paying.enter_account(teller, CERTIFIED, "6222020000000000018", confirmed_by=FINANCE)
    _steps(teller)
    _standard(teller, 1, "5200.00", "2024-01-01")
    slip = _run(teller, worker_id, "2024-04", "2024-05-08", "900.00")
    # 5200 by the standard, 200 for her certificate, 150 for her degree, 900 entered; no year is full yet.
    teller.expects("首月应发", slip["gross"], "6450.00")


def _training(teller: Teller, worker_id: str) -> None:
    teller.today("2024-10-15")
    training = teller.finds(CHIEF, f"/v1/workers/{worker_id}", lambda view: view["trainings"])[0]
    teller.expects("培训期限", training["due_on"], "2025-03-25")
    done = {"course": "新录用工会工作者岗前培训", "hours": 40, "on": "2024-10-15"}
    teller.does(
        CLERK,
        "登记岗前培训：40 学时，在一年期限内完成",
        "POST",
        f"/trainings/{training['training_id']}/completions",
        done,
    )


def _evaluation(teller: Teller, worker_id: str) -> None:
    teller.today("2025-01-10")
    weights = {"ethics": 20, "practical_skill": 25, "results": 30, "satisfaction": 25}
    thresholds = {"excellent": 90, "qualified": 75, "basically_qualified": 60}
    for term, value, words in (
        ("weights", weights, "制定量化考核办法：四个方面的权重依次为 20、25、30、25"),
        ("thresholds", thresholds, "制定量化考核办法：优秀 90 分、合格 75 分、基本合格 60 分起"),
    ):
        body = {"area": COUNTY, "starts_on": "2024-01-01", "value": value}
        teller.does(CHIEF, words, "PUT", f"/evaluation/choices/JS-8b/{term}", body)
    scores = {"ethics": "95", "practical_skill": "90", "results": "94", "satisfaction": "92"}
    graded = teller.does(
        CLERK,
        "2024 年度考核：{score} 分，优秀",
        "POST",
        "/evaluations",
        {"worker_id": worker_id, "year": 2024, "scores": scores, "on": "2025-01-10"},
    )
    teller.expects("等次", graded["grade"], "excellent")
    proposals = teller.finds(CHIEF, f"/v1/workers/{worker_id}", lambda view: view["consequences"])
    kinds = {proposal["kind"]: proposal["consequence_id"] for proposal in proposals}
    if not {"pay_step_up", "renewal"} <= kinds.keys():
        raise NotAsTold(f"proposed consequences: {sorted(kinds)}")
    for kind, words in (("pay_step_up", "同意晋升工资档级"), ("renewal", "同意到期续聘")):
        decided = {"approve": True, "reason": "年度考核优秀", "on": "2025-01-20"}
        teller.does(CHIEF, words, "POST", f"/consequences/{kinds[kind]}/decisions", decided)


def _second_pay(teller: Teller, worker_id: str) -> None:
    teller.today("2025-03-07")
    _standard(teller, 2, "5600.00", "2025-01-01")
    slip = _run(teller, worker_id, "2025-02", "2025-03-07", "900.00")
    # 5600 + 200 + 150 + 900, and 350 for an excellent year.
    teller.expects("晋档后应发", slip["gross"], "7200.00")
    teller.note("逐项说明：")
    paying.tell_why(teller, CERTIFIED, slip)
