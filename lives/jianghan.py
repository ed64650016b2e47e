"""Jianghan: a public-welfare post in 民族街, a year at a time, and a minimum wage that rises in between."""

from typing import Any

from common.words import word
from lives import paying
from lives.recruiting import Applicant, apply, record
from lives.teller import Person, Teller

DISTRICT = "420103"
STREET = "420103001"
STAFF = "public_welfare"

LEAD = Person("江汉区妇联经办人", "jianghan-women", ("lead_department",), DISTRICT)
CHIEF = Person("江汉区妇联负责人", "jianghan-chief", ("lead_department",), DISTRICT)
FINANCE = Person("江汉区财政局", "jianghan-finance", ("finance",), DISTRICT)
DESK = paying.Desk(maker=LEAD, reviewer=CHIEF, approver=FINANCE)
HR = Person("江汉区人力资源局", "jianghan-hr", ("human_resources",), DISTRICT)

WORKER = Applicant(
    "何芳",
    "he-fang",
    DISTRICT,
    "1981-07-09",
    26,
    education="junior_college",
    more={"household_area": DISTRICT, "unemployed_months": 14},
)


def play(teller: Teller) -> None:
    teller.heading("武汉江汉：民族街一个公益性岗位，一年一签")
    office_id, post_id = _post(teller)
    plan_id = _plan(teller, office_id, post_id)
    _hire(teller, plan_id, post_id)
    agreement_id = _agreement(teller)
    _pay_under_the_floor(teller)
    _renewal(teller, agreement_id)


def _post(teller: Teller) -> tuple[str, str]:
    teller.today("2024-12-02")
    office = {
        "organisation_id": f"office-{STREET}-women",
        "name": "民族街妇联",
        "kind": "street_office",
        "area": STREET,
    }
    teller.does(LEAD, "登记民族街妇联", "POST", "/organisations", office)
    post = {"organisation_id": office["organisation_id"], "staff": STAFF, "post_class": "ordinary", "on": "2024-12-03"}
    post_id = teller.does(LEAD, "设立一个公益性岗位", "POST", "/posts", post)["post_id"]
    return office["organisation_id"], post_id


def _plan(teller: Teller, office_id: str, post_id: str) -> str:
    plan = teller.does(
        LEAD,
        "编制用人计划",
        "POST",
        "/plans",
        {
            "title": "2025年民族街公益性岗位用人计划",
            "area": STREET,
            "staff": STAFF,
            "organisation_id": office_id,
            "post_ids": [post_id],
            "oldest_age": None,
            "lowest_education": None,
            "age_relaxed_for": [],
            "extra_conditions": [],
            "on": "2024-12-05",
        },
    )
    plan_id: str = plan["plan_id"]
    for office in (FINANCE, HR):
        teller.does(office, "审批用人计划：同意", "POST", f"/plans/{plan_id}/approvals", {"on": "2024-12-10"})
    notice = {"published_on": "2024-12-12", "closes_on": "2024-12-25"}
    teller.does(LEAD, "发布公告", "POST", f"/plans/{plan_id}/notice", notice)
    return plan_id


def _hire(teller: Teller, plan_id: str, post_id: str) -> None:
    apply(teller, plan_id, WORKER, on="2024-12-16")
    path = f"/applications/{WORKER.application_id}/stages"
    words = "未经资格审查即登记笔试成绩，不予办理"
    skipped = {"stage": "written_exam", "on": "2024-12-27", "score": "78.00"}
    teller.is_refused(LEAD, words, "POST", path, skipped, clause="JH-8")
    reviewed = record(teller, LEAD, WORKER, "qualification_review", "2024-12-26")
    teller.note(f"依其年龄、学历和失业时间认定为就业困难人员：{word(reviewed['category'])}")
    record(teller, LEAD, WORKER, "written_exam", "2025-01-04", score="78.00")
    record(teller, LEAD, WORKER, "second_review", "2025-01-06", passed=True)
    record(teller, LEAD, WORKER, "interview", "2025-01-08", score="81.00")
    teller.does(LEAD, "排定名次", "POST", f"/plans/{plan_id}/ranking", {"on": "2025-01-09"})
    record(teller, LEAD, WORKER, "background_check", "2025-01-13", passed=True)
    record(teller, LEAD, WORKER, "medical", "2025-01-15", passed=True)
    notice = {"starts_on": "2025-01-22", "working_days": 5}
    ends = teller.does(
        LEAD, "公示五个工作日，遇春节顺延，至{ends_on}止", "POST", f"/plans/{plan_id}/public-notice", notice
    )
    teller.expects("公示截止日", ends["ends_on"], "2025-02-05")
    teller.today("2025-02-10")
    body = {"on": "2025-02-10", "post_id": post_id}
    hired = teller.does(LEAD, "办理聘用手续", "POST", f"/applications/{WORKER.application_id}/hiring", body)
    WORKER.worker_id = hired["worker_id"]


def _agreement(teller: Teller) -> str:
    body = {
        "worker_id": WORKER.worker_id,
        "starts_on": "2025-03-01",
        "ends_on": "2027-03-01",
        "probation_months": 2,
        "duties": "妇女群众服务",
        "place": "民族街",
        "on": "2025-02-12",
    }
    words = "拟签订两年期劳动合同，不予办理：公益性岗位一年一签"
    teller.is_refused(LEAD, words, "POST", "/agreements", body, clause="JH-11a")
    draft = teller.does(LEAD, "改为一年期劳动合同", "POST", "/agreements", body | {"ends_on": "2026-03-01"})
    path = f"/agreements/{draft['agreement_id']}/signatures"
    teller.does(CHIEF, "代表用人单位签字", "POST", path, {"party": "lead_department", "on": "2025-02-20"})
    teller.does(WORKER.as_worker, "本人签字", "POST", path, {"party": "worker", "on": "2025-02-20"})
    agreement_id: str = draft["agreement_id"]
    return agreement_id


def _standard(teller: Teller, amount: str, starts_on: str, on: str) -> None:
    body: dict[str, Any] = {"area": DISTRICT, "staff": STAFF, "post_class": "ordinary", "grade": 1}
    body |= {"monthly_amount": amount, "starts_on": starts_on, "source": "示例：江汉区公益性岗位工资标准"}
    standard = teller.does(LEAD, f"拟定工资标准：每月 {amount} 元", "POST", "/pay-standards", body)
    path = f"/pay-standards/{standard['standard_id']}/approvals"
    teller.does(FINANCE, "复核并批准工资标准", "POST", path, {"on": on})


def _pay_under_the_floor(teller: Teller) -> None:
    teller.today("2026-01-08")
    _standard(teller, "2300.00", "2025-03-01", "2025-03-05")
    paying.enter_account(teller, WORKER, "6217000000000000035", confirmed_by=FINANCE)
    run = {"area": STREET, "staff": STAFF, "month": "2025-12", "paid_in": "2026-01", "on": "2026-01-08"}
    path = paying.open_run(teller, DESK, "编制 2025 年 12 月工资表", run)
    words = "核算：低于当月起执行的最低工资的，另列而不发放"
    if paying.calculate(teller, DESK, path, words, on="2026-01-08", expected=(0, 1)):
        aside = teller.reads(LEAD, f"/v1{path}/set-aside")["items"][0]
        teller.expects("另列原因", (aside["code"], aside["clause"]), ("below_floor", "JH-13b"))
        teller.note(f"✗ {WORKER.name}另列：{aside['zh']}（{aside['clause']}）")
    _standard(teller, "2450.00", "2025-12-01", "2026-01-09")
    paying.calculate(teller, DESK, path, "按改正后的标准重新核算", on="2026-01-09", expected=(1, 0))
    paying.approve(teller, DESK, path, on="2026-01-12")
    slip = paying.read_slip(teller, WORKER, "2025-12")
    teller.expects("应发", slip["gross"], "2450.00")
    paying.pay_out(teller, DESK, path, on="2026-01-12")


def _renewal(teller: Teller, agreement_id: str) -> None:
    teller.today("2026-02-02")
    renewal = {"starts_on": "2026-03-01", "ends_on": "2027-03-01", "on": "2026-02-02"}
    path = f"/agreements/{agreement_id}/renewals"
    teller.is_refused(LEAD, "未经年度考核即续签，不予办理", "POST", path, renewal, clause="JH-11a")
    for term, value in (("weights", {"duties": 70, "attendance": 30}), ("thresholds", THRESHOLDS)):
        body = {"area": DISTRICT, "starts_on": "2025-01-01", "value": value}
        teller.does(CHIEF, f"制定年度考核办法：确定{word(term)}", "PUT", f"/evaluation/choices/JH-11b/{term}", body)
    year = {"worker_id": WORKER.worker_id, "year": 2025, "scores": {"duties": "82", "attendance": "95"}}
    teller.does(LEAD, "2025 年度考核：{score} 分，合格", "POST", "/evaluations", year | {"on": "2026-02-05"})
    teller.does(LEAD, "考核合格后续签一年", "POST", path, renewal | {"on": "2026-02-06"})


THRESHOLDS = {"excellent": 90, "qualified": 75, "basically_qualified": 60}
