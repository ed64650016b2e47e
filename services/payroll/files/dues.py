"""What is declared to others: contributions by employer and scheme, union dues, the union fund."""

from collections.abc import Sequence

from payroll.files.cells import Column, Row, Sheet, totals_of
from payroll.files.figures import DueOfEmployer, FundOfEmployer, MemberDues, RunOfSlips
from payroll.files.payroll_sheet import title_of

_CONTRIBUTIONS = (
    Column("用人单位", width=24),
    Column("险种", width=18),
    Column("费款所属期", width=12),
    Column("性质", width=10),
    Column("人数", "count", 8),
    Column("缴费基数合计", "amount", 16),
    Column("单位部分", "amount", 14),
    Column("个人部分", "amount", 14),
    Column("应缴合计", "amount", 14),
)
_DUES = (
    Column("用人单位", width=24),
    Column("人员编号", width=22),
    Column("姓名", width=12),
    Column("计费收入", "amount", 14),
    Column("会费", "amount", 12),
)
_FUND = (
    Column("用人单位", width=24),
    Column("人数", "count", 8),
    Column("工资总额", "amount", 16),
    Column("应拨缴工会经费", "amount", 16),
    Column("依据", width=16),
)


def contribution_sheets(run: RunOfSlips, dues: Sequence[DueOfEmployer]) -> list[Sheet]:
    """One sheet with all that is due, arrears under the period they belong to, and one that sums up the schemes."""
    rows: list[Row] = [
        (
            due.organisation_id,
            due.label,
            due.period,
            "当期" if due.period == run.month else "补缴（退）",
            due.people,
            due.base,
            due.employer,
            due.worker,
            due.employer + due.worker,
        )
        for due in dues
    ]
    declared = Sheet("缴费申报", _CONTRIBUTIONS, rows, title_of(run, "社会保险费和住房公积金申报表"))
    return [declared, _by_scheme(run, dues)]


def _by_scheme(run: RunOfSlips, dues: Sequence[DueOfEmployer]) -> Sheet:
    columns = (_CONTRIBUTIONS[1], *_CONTRIBUTIONS[6:])
    labels = dict.fromkeys(due.label for due in dues)
    rows: list[Row] = []
    for label in labels:
        employer = sum(due.employer for due in dues if due.label == label)
        worker = sum(due.worker for due in dues if due.label == label)
        rows.append((label, employer, worker, employer + worker))
    return Sheet("分险种合计", columns, rows, title_of(run, "分险种合计"), totals_of(columns, rows))


def union_dues_sheet(run: RunOfSlips, members: Sequence[MemberDues]) -> Sheet:
    rows: list[Row] = [
        (member.organisation_id, member.worker_id, member.name, member.basic_pay, member.dues) for member in members
    ]
    return Sheet("工会会费", _DUES, rows, title_of(run, "工会会费代扣名册"), totals_of(_DUES, rows))


def union_fund_sheet(run: RunOfSlips, funds: Sequence[FundOfEmployer]) -> Sheet:
    rows: list[Row] = [(fund.organisation_id, fund.people, fund.wages, fund.fund, fund.clause) for fund in funds]
    return Sheet("工会经费", _FUND, rows, title_of(run, "工会经费计提表"), totals_of(_FUND, rows))
