"""Jilin: a community of 3,620 households in Changchun, its quota, its pool, and one who fails two years running."""

from decimal import Decimal

from lives import paying
from lives.recruiting import Applicant, apply, record
from lives.teller import Person, Teller, day_of

COUNTY = "220102"
STREET = "220102001"
COMMUNITY = "220102001001"
STAFF = "community_worker"
TERM_ENDS_ON = "2026-12-01"

CIVIL = Person("南关区民政局经办人", "nanguan-civil", ("civil_affairs",), COUNTY)
CHIEF = Person("南关区民政局负责人", "nanguan-chief", ("civil_affairs",), COUNTY)
HR = Person("南关区人力资源和社会保障局", "nanguan-hr", ("human_resources",), COUNTY)
STREET_OFFICE = Person("南岭街道办事处", "nanling-street", ("street_office",), STREET)
FINANCE = Person("南关区财政局负责人", "nanguan-finance", ("finance",), COUNTY)
FINANCE_CLERK = Person("南关区财政局经办人", "nanguan-finance-clerk", ("finance",), COUNTY)
DESK = paying.Desk(maker=STREET_OFFICE, reviewer=FINANCE_CLERK, approver=FINANCE)

SUN = Applicant("孙丽", "sun-li", COUNTY, "1990-06-01", 21, education="junior_college")
LIU = Applicant("刘洋", "liu-yang", COUNTY, "1993-09-15", 33, statuses=("social_work_certificate",))
MA = Applicant("马超", "ma-chao", COUNTY, "1989-12-20", 45)
TEAM = (LIU, SUN, MA)
POSTS = 17


def play(teller: Teller) -> None:
    teller.heading("吉林：长春市南关区华阳社区（3620 户），三名社工岗人员")
    posts = _posts(teller)
    plan_id = _plan(teller, posts[:3])
    _hire(teller, plan_id, posts)
    _agreements(teller)
    _roster(teller)
    _pay(teller)
    _first_failed_year(teller)
    _second_failed_year_and_exit(teller)
    view = teller.finds(CHIEF, f"/v1/workers/{MA.worker_id}", lambda view: view if view["left"] else None)
    teller.note(f"结果：{view['person']['name']}于{day_of(view['left']['left_on'])}离岗；其余两人继续在岗。")


def _posts(teller: Teller) -> list[str]:
    teller.today("2024-03-01")
    community = {
        "organisation_id": f"community-{COMMUNITY}",
        "name": "华阳社区",
        "kind": "community",
        "area": COMMUNITY,
        "households": 3620,
        "committee_term_ends_on": TERM_ENDS_ON,
    }
    teller.does(CIVIL, "登记华阳社区：3620 户，本届“两委”至 2026 年 11 月底", "POST", "/organisations", community)
    for clause, term, value, words in (
        ("JL-2a", "one_extra_per", 300, "确定：超过 3000 户后，每 300 户增设一个社工岗"),
        ("JL-2b", "county_cap", 400, "确定：全区社工岗总量 400 个"),
    ):
        body = {"area": COUNTY, "starts_on": "2024-01-01", "value": value}
        teller.does(CHIEF, words, "PUT", f"/registry/choices/{clause}/{term}", body)
    quota = teller.does(
        CIVIL,
        "核定社区定额：{lowest}—{highest} 个社工岗",
        "POST",
        f"/organisations/{community['organisation_id']}/quotas",
        {"staff": STAFF, "on": "2024-03-01"},
    )
    teller.expects("定额", (quota["lowest"], quota["highest"]), (12, POSTS))
    post = {
        "organisation_id": community["organisation_id"],
        "staff": STAFF,
        "post_class": "ordinary",
        "on": "2024-03-04",
    }
    posts = [
        teller.does(CIVIL, f"设立第 {number} 个社工岗", "POST", "/posts", post)["post_id"]
        for number in range(1, POSTS + 1)
    ]
    teller.is_refused(CIVIL, f"申请设立第 {POSTS + 1} 个社工岗，不予办理", "POST", "/posts", post, clause="JL-2b")
    return posts


def _plan(teller: Teller, posts: list[str]) -> str:
    teller.today("2024-03-11")
    plan = teller.does(
        STREET_OFFICE,
        "拟定招聘方案：3 名，大专以上，不超过 40 周岁",
        "POST",
        "/plans",
        {
            "title": "2024年华阳社区社工岗招聘方案",
            "area": COMMUNITY,
            "staff": STAFF,
            "organisation_id": f"community-{COMMUNITY}",
            "post_ids": posts,
            "oldest_age": 40,
            "lowest_education": "junior_college",
            "age_relaxed_for": [],
            "extra_conditions": [],
            "on": "2024-03-11",
        },
    )
    plan_id: str = plan["plan_id"]
    for office in (CIVIL, HR):
        teller.does(office, "审批招聘方案：同意", "POST", f"/plans/{plan_id}/approvals", {"on": "2024-03-14"})
    notice = {"published_on": "2024-03-18", "closes_on": "2024-03-29"}
    teller.does(CIVIL, "发布招聘公告", "POST", f"/plans/{plan_id}/notice", notice)
    return plan_id


def _hire(teller: Teller, plan_id: str, posts: list[str]) -> None:
    scores = {LIU.subject: "88.00", SUN.subject: "84.50", MA.subject: "80.00"}
    for applicant in TEAM:
        apply(teller, plan_id, applicant, on="2024-03-25")
    for applicant in TEAM:
        record(teller, CIVIL, applicant, "qualification_review", "2024-04-01")
        record(teller, CIVIL, applicant, "written_exam", "2024-04-13", score=scores[applicant.subject])
        record(teller, CIVIL, applicant, "second_review", "2024-04-16", passed=True)
        record(teller, CIVIL, applicant, "interview", "2024-04-20", score=scores[applicant.subject])
    teller.does(CIVIL, "排定名次", "POST", f"/plans/{plan_id}/ranking", {"on": "2024-04-22"})
    for applicant in TEAM:
        record(teller, CIVIL, applicant, "background_check", "2024-04-25", passed=True)
        record(teller, CIVIL, applicant, "medical", "2024-04-28", passed=True)
    notice = {"starts_on": "2024-04-29", "working_days": 5}
    ends = teller.does(
        CIVIL, "公示五个工作日，遇劳动节顺延，至{ends_on}止", "POST", f"/plans/{plan_id}/public-notice", notice
    )
    teller.expects("公示截止日", ends["ends_on"], "2024-05-09")
    teller.today("2024-05-13")
    for applicant, post_id in zip(TEAM, posts, strict=False):
        path = f"/applications/{applicant.application_id}/hiring"
        body = {"on": "2024-05-13", "post_id": post_id}
        applicant.worker_id = teller.does(CIVIL, f"录用{applicant.name}为社工岗人员", "POST", path, body)["worker_id"]


def _agreements(teller: Teller) -> None:
    for applicant in TEAM:
        body = {
            "worker_id": applicant.worker_id,
            "starts_on": "2024-06-01",
            "ends_on": TERM_ENDS_ON,
            "probation_months": 0,
            "duties": "社区服务与管理",
            "place": "华阳社区",
            "on": "2024-05-20",
        }
        if applicant is MA:
            words = "拟签订至 2027 年的服务协议，不予办理：须与“两委”届期一致"
            late = body | {"ends_on": "2027-06-01"}
            teller.is_refused(STREET_OFFICE, words, "POST", "/agreements", late, clause="JL-5a")
        draft = teller.does(
            STREET_OFFICE, f"拟定{applicant.name}的服务协议，至本届“两委”届满", "POST", "/agreements", body
        )
        path = f"/agreements/{draft['agreement_id']}/signatures"
        teller.does(STREET_OFFICE, "代表街道签字", "POST", path, {"party": "street_office", "on": "2024-05-24"})
        teller.does(applicant.as_worker, "本人签字", "POST", path, {"party": "worker", "on": "2024-05-24"})


def _roster(teller: Teller) -> None:
    body = {
        "organisation_id": f"community-{COMMUNITY}",
        "starts_on": "2024-06-03",
        "hall_workers": [LIU.worker_id, SUN.worker_id],
        "grid_workers": {"第一网格": MA.worker_id},
    }
    teller.does(STREET_OFFICE, "安排值班：一站式大厅 2 人，其余下沉网格", "POST", "/duty-rosters", body)


def _pay(teller: Teller) -> None:
    teller.today("2025-02-08")
    _allowances(teller)
    certificate = {
        "worker_id": LIU.worker_id,
        "kind": "social_work",
        "level": "assistant_social_worker",
        "number": "2023220102000417",
        "on": "2024-12-20",
    }
    teller.does(CIVIL, "登记刘洋的助理社会工作师证书", "POST", "/certificates", certificate)
    standard = teller.does(
        CIVIL,
        "拟定普通工作人员薪酬标准：每月 4300.01 元",
        "POST",
        "/pay-standards",
        {
            "area": COUNTY,
            "staff": STAFF,
            "post_class": "ordinary",
            "grade": 1,
            "monthly_amount": "4300.01",
            "starts_on": "2024-06-01",
            "source": "示例：南关区社工岗等级薪酬表",
        },
    )
    path = f"/pay-standards/{standard['standard_id']}/approvals"
    teller.does(FINANCE, "复核并批准薪酬标准", "POST", path, {"on": "2025-01-15"})
    for number, applicant in enumerate(TEAM, start=1):
        paying.enter_account(teller, applicant, f"622848000000000002{number}", confirmed_by=FINANCE_CLERK)
    _budget_and_reference(teller)
    run = {"area": STREET, "staff": STAFF, "month": "2025-01", "paid_in": "2025-02", "on": "2025-02-08"}
    path = paying.open_run(teller, DESK, "编制全街道 2025 年 1 月工资表", run)
    for applicant, score in ((LIU, "95.5"), (SUN, "88.0"), (MA, "61.0")):
        words = f"录入{applicant.name}的绩效考核得分：{score} 分"
        entered = f"/payroll-entries/{applicant.worker_id}/2025-01"
        teller.does(STREET_OFFICE, words, "PUT", entered, {"values": {"score": score}})
    words = "核算：七成为基础报酬，三成汇入街道绩效总额，按考核得分分配"
    paying.calculate(teller, DESK, path, words, on="2025-02-08", expected=(3, 0))
    paying.approve(teller, DESK, path, on="2025-02-10")
    shares = Decimal(0)
    for applicant in TEAM:
        slip = paying.read_slip(teller, applicant, "2025-01")
        lines = {line["code"]: Decimal(line["amount"]) for line in slip["lines"]}
        shares += lines["performance"]
        teller.note(f"其中基础报酬 {lines['base']} 元，绩效奖金 {lines['performance']} 元。逐项说明：")
        paying.tell_why(teller, applicant, slip)
        if applicant is LIU:
            teller.expects("证书补贴", lines["certificate_allowance"], Decimal("200.00"))
    # 30% of 4300.01 is 1290.003, so 1290.00 for each of three.
    teller.expects("绩效总量分到分", shares, Decimal("3870.00"))
    paying.pay_out(teller, DESK, path, on="2025-02-10")


def _allowances(teller: Teller) -> None:
    """What the county pays for each level of certificate, rising from the document's lowest amount."""
    amounts = {"assistant_social_worker": "200.00", "social_worker": "300.00", "senior_social_worker": "450.00"}
    figure = {"code": "table.certificate_allowance", "area": COUNTY, "staff": STAFF, "value": amounts}
    figure |= {"starts_on": "2024-01-01", "source": "示例：南关区社工师补贴办法", "on": "2025-02-08"}
    words = "社工师补贴，助理级每月 200 元，中级 300 元，高级 450 元"
    paying.enter_figure(teller, CIVIL, CHIEF, words, figure)


def _budget_and_reference(teller: Teller) -> None:
    """What the county pays from, and what its average is held against."""
    figure = {"area": COUNTY, "staff": STAFF, "starts_on": "2025-01-01", "on": "2025-02-08"}
    budget = {"code": "budget.payroll", "value": {"amount": "240000.00"}, "source": "示例：2025 年区级预算"}
    paying.enter_figure(teller, FINANCE_CLERK, FINANCE, "2025 年社工岗薪酬预算 24 万元", figure | budget)
    average = {"code": "amount.managers_average", "value": "4200.00", "source": "示例：2024 年区级统计"}
    words = "上年度事业单位管理岗位月平均工资 4200 元"
    paying.enter_figure(teller, CIVIL, CHIEF, words, figure | average)


def _grade(teller: Teller, applicant: Applicant, year: int, on: str, score: str, grade: str) -> None:
    dimensions = ("results", "satisfaction", "organisation_review", "daily_record")
    body = {"worker_id": applicant.worker_id, "year": year, "scores": dict.fromkeys(dimensions, score), "on": on}
    graded = teller.does(STREET_OFFICE, f"{year} 年度考核{applicant.name}：{{score}} 分", "POST", "/evaluations", body)
    teller.expects(f"{applicant.name} {year} 年等次", graded["grade"], grade)


def _first_failed_year(teller: Teller) -> None:
    teller.today("2025-02-20")
    weights = {"results": 35, "satisfaction": 35, "organisation_review": 15, "daily_record": 15}
    thresholds = {"excellent": 90, "qualified": 75, "basically_qualified": 60}
    for term, value in (("weights", weights), ("thresholds", thresholds)):
        body = {"area": COUNTY, "starts_on": "2024-01-01", "value": value}
        words = f"制定考核办法：确定{'各维度权重' if term == 'weights' else '各等次的分数线'}"
        teller.does(CHIEF, words, "PUT", f"/evaluation/choices/JL-9a/{term}", body)
    _grade(teller, LIU, 2024, "2025-01-20", "93", "excellent")
    _grade(teller, MA, 2024, "2025-01-20", "52", "not_qualified")
    case = {
        "worker_id": MA.worker_id,
        "ground": "failed_evaluations",
        "evidence": "2024 年度考核不合格",
        "on": "2025-03-01",
    }
    teller.is_refused(CIVIL, "仅一年考核不合格即提出退出，不予办理", "POST", "/exit-cases", case, clause="JL-10")


def _second_failed_year_and_exit(teller: Teller) -> None:
    teller.today("2026-01-15")
    _grade(teller, MA, 2025, "2026-01-15", "55", "not_qualified")
    case = {
        "worker_id": MA.worker_id,
        "ground": "failed_evaluations",
        "evidence": "2024、2025 年度考核均不合格",
        "on": "2026-01-20",
    }
    opened = teller.does(CIVIL, "连续两年考核不合格，启动退出程序", "POST", "/exit-cases", case)
    path = f"/exit-cases/{opened['case_id']}"
    hearing = {"on": "2026-01-28", "statement": "本人对考核结果无异议，希望协助推荐就业。"}
    teller.does(CIVIL, "听取本人陈述并记录", "POST", f"{path}/hearings", hearing)
    decision = {"on": "2026-02-03", "leaves": True, "left_on": "2026-03-01"}
    teller.does(CHIEF, "作出决定：退出社工岗，解除服务协议", "POST", f"{path}/decisions", decision)
