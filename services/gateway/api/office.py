"""The office view: its shape, and how it is put together from rows."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.queries import LONGEST_LIST, Office


class Shown(BaseModel):
    model_config = ConfigDict(extra="forbid")


class OfficeStaffing(Shown):
    staff: str = Field(description="人员类别")
    lowest: int | None = Field(description="最低配备；未核定为空")
    highest: int | None = Field(description="最高配备；未核定为空")
    obligation: str | None
    clause: str | None
    posts: int = Field(description="已设岗位")
    in_post: int = Field(description="在岗人数")
    shortfall: int = Field(description="低于最低配备的人数")
    surplus: int = Field(description="超出最高配备的人数")


class OfficeFigures(Shown):
    unions: int | None
    workers: int | None
    households: int | None
    committee_term_ends_on: date | None


class OfficeOrganisation(Shown):
    organisation_id: str
    area: str
    name: str | None
    kind: str | None
    figures: OfficeFigures | None = Field(description="组织尚未登记而已有人员时为空")
    staffing: list[OfficeStaffing]


class OfficeOrganisations(Shown):
    total: int
    items: list[OfficeOrganisation] = Field(description=f"缺员多者在前，最多 {LONGEST_LIST} 个")


class OfficeStaffTotal(Shown):
    staff: str
    lowest: int
    highest: int
    posts: int
    in_post: int
    shortfall: int
    surplus: int


class OfficePendingEntry(Shown):
    id: str
    worker_id: str
    name: str | None
    area: str
    status: str
    clause: str | None
    day: date | None = Field(description="备案、退出为立项日；培训为应完成日")
    overdue: bool


class OfficePending(Shown):
    total: int
    overdue: int
    items: list[OfficePendingEntry] = Field(
        default_factory=list,
        description=f"日期早者在前，最多 {LONGEST_LIST} 项；无权向承办服务查看各人事项的角色没有该项",
    )


class OfficeApproval(Shown):
    office: str
    level: str


class OfficeReturned(Shown):
    office: str
    reason: str


class OfficeTally(Shown):
    passed: int
    failed: int


class OfficePlan(Shown):
    plan_id: str
    area: str
    title: str
    staff: str
    organisation_id: str
    positions: int
    step: str = Field(
        examples=["drafted", "in_approval", "approved", "applications", "assessment", "ranked", "public_notice"]
    )
    drafted_on: date
    published_on: date | None
    closes_on: date | None
    public_notice_starts_on: date | None
    public_notice_ends_on: date | None
    approvals: list[OfficeApproval]
    returned: OfficeReturned | None
    applications: int
    stages: dict[str, OfficeTally]
    open_objections: int
    hired: int


class OfficePlans(Shown):
    total: int
    items: list[OfficePlan]


class OfficeRun(Shown):
    run_id: str
    area: str
    month: str
    cycle: str | None = Field(description="发放周期：整月或半月", examples=["month", "first_half", "second_half"])
    paid_in: str | None = Field(description="发放月份，个人所得税按此月计", examples=["2024-05"])
    staff: str | None
    status: str | None = Field(
        examples=["opened", "calculating", "calculated", "reviewed", "approved", "file_sealed", "paid", "closed"]
    )
    batches: int = Field(description="按街道分成的批次")
    batches_done: int = Field(description="已核算完的批次")
    workers: int | None
    set_aside: int = Field(description="被搁置、本次不发的人数")
    held_back: int = Field(description="已核算但因银行账户未经复核而暂缓付款的人数")
    gross_total: str | None
    net_total: str | None
    pool_total: str | None
    pools: dict[str, str] = Field(description="各街道绩效总额（元），以区划代码为键")


class OfficePay(Shown):
    month: str | None
    total: int
    items: list[OfficeRun]


class OfficeView(Shown):
    area: str
    today: date
    staff_totals: list[OfficeStaffTotal]
    organisations: OfficeOrganisations
    plans: OfficePlans
    filings: OfficePending
    trainings: OfficePending
    exit_cases: OfficePending
    pay: OfficePay


def office_view(
    rows: Office, *, area: str, today: date, month: str | None, only_counted: Iterable[str] = ()
) -> dict[str, Any]:
    """Of the `only_counted` sections how many there are, and not whose."""
    organisations = _organisations(rows)
    view: dict[str, Any] = {
        "area": area,
        "today": today,
        "staff_totals": _totals(organisations),
        "organisations": {
            "total": len(organisations),
            "items": sorted(organisations, key=lambda one: (-_shortfall(one), one["organisation_id"]))[:LONGEST_LIST],
        },
        "plans": {"total": _total(rows.plans), "items": [row.body for row in rows.plans]},
        "filings": _pending(rows.pending, "filing", today),
        "trainings": _pending(rows.pending, "training", today),
        "exit_cases": _pending(rows.pending, "exit_case", today),
        "pay": {
            "month": rows.runs[0].month if rows.runs else month,
            "total": _total(rows.runs),
            "items": [row.body for row in rows.runs],
        },
    }
    for section in only_counted:
        del view[section]["items"]
    return view


def _total(rows: Iterable[Any]) -> int:
    return next((row.total for row in rows), 0)


def _organisations(rows: Office) -> list[dict[str, Any]]:
    in_post: dict[str, dict[str, int]] = {}
    areas: dict[str, str] = {}
    for row in rows.in_post:
        in_post.setdefault(row.organisation_id, {})[row.staff] = row.workers
        areas[row.organisation_id] = row.area
    known = [
        {
            "organisation_id": row.organisation_id,
            "area": row.area,
            "name": row.name,
            "kind": row.kind,
            "figures": row.figures,
            "staffing": _staffing(row.quotas, row.posts, in_post.get(row.organisation_id, {})),
        }
        for row in rows.organisations
    ]
    unknown = areas.keys() - {one["organisation_id"] for one in known}
    return known + [
        {
            "organisation_id": organisation_id,
            "area": areas[organisation_id],
            "name": None,
            "kind": None,
            "figures": None,
            "staffing": _staffing({}, {}, in_post[organisation_id]),
        }
        for organisation_id in sorted(unknown)
    ]


def _staffing(quotas: Mapping[str, Any], posts: Mapping[str, Any], in_post: Mapping[str, int]) -> list[dict[str, Any]]:
    opened: dict[str, int] = {}
    for post in posts.values():
        opened[post["staff"]] = opened.get(post["staff"], 0) + 1
    found = []
    for staff in sorted({*quotas, *opened, *in_post}):
        quota = quotas.get(staff, {})
        workers = in_post.get(staff, 0)
        found.append(
            {
                "staff": staff,
                **{name: quota.get(name) for name in ("lowest", "highest", "obligation", "clause")},
                "posts": opened.get(staff, 0),
                "in_post": workers,
                "shortfall": max(0, quota["lowest"] - workers) if quota else 0,
                "surplus": max(0, workers - quota["highest"]) if quota else 0,
            }
        )
    return found


def _shortfall(organisation: Mapping[str, Any]) -> int:
    return sum(one["shortfall"] for one in organisation["staffing"])


def _totals(organisations: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    totals: dict[str, dict[str, Any]] = {}
    counted = ("lowest", "highest", "posts", "in_post", "shortfall", "surplus")
    for organisation in organisations:
        for one in organisation["staffing"]:
            total = totals.setdefault(one["staff"], {"staff": one["staff"], **dict.fromkeys(counted, 0)})
            for name in counted:
                total[name] += one[name] or 0
    return [totals[staff] for staff in sorted(totals)]


def _pending(rows: Iterable[Any], what: str, today: date) -> dict[str, Any]:
    """Only a training has a day by which it must be done; the others are as old as their day says."""
    listed = [row for row in rows if row.what == what]
    has_deadline = what == "training"
    return {
        "total": _total(listed),
        "overdue": listed[0].overdue if listed and has_deadline else 0,
        "items": [
            {
                **{name: row.entry[name] for name in ("id", "status", "clause", "day")},
                "worker_id": row.worker_id,
                "name": row.name,
                "area": row.area,
                "overdue": has_deadline and row.entry["day"] is not None and row.entry["day"] < today.isoformat(),
            }
            for row in listed
        ],
    }
