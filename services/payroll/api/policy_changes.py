"""Documents that came late: which sealed months their clauses now speak otherwise of."""

from typing import Annotated

from pydantic import Field, StringConstraints

from common.areas import AREA_CODE
from common.service import Tx, new_router
from common.text import Code
from payroll.api.shapes import MONTH, Body, Shown
from payroll.commands import policy_changes as commands

router = new_router("payroll")


class PolicyComparison(Body):
    area: Annotated[str, StringConstraints(pattern=AREA_CODE)] | None = Field(
        default=None, description="地区代码；不填为本机关的地区", examples=["220102"]
    )
    staff: Code | None = Field(default=None, description="人员类别；不填为全部", examples=["community_worker"])
    since: Annotated[str, StringConstraints(pattern=MONTH)] | None = Field(
        default=None, description="自哪个月起比对；不填为全部", examples=["2026-01"]
    )
    dry_run: bool = Field(default=False, description="只列出，不登记")


class ChangedRule(Shown):
    """`clause_before`、`clause_now`：封存时和现在作答的条款，无条款作答的为空。"""

    rule: str
    clause_before: str | None
    clause_now: str | None


class ChangedMonth(Shown):
    """`period`：月份，按半月发放的为 2026-03.1、2026-03.2。`rules` 为空：条款又与封存时一致，而其间登记过另一种。"""

    area: str
    staff: str
    period: str
    rules: list[ChangedRule]


class ChangedMonths(Shown):
    """`noted`：是否已登记为变动，由下一次核算重算并补发或扣回差额。"""

    noted: bool
    items: list[ChangedMonth]


@router.post(
    "/policy-changes",
    name="note_policy_changes",
    response_model=ChangedMonths,
    summary="比对已封存月份所依条款，登记变动",
    description=(
        "政策文件新增或修订、自以前月份起执行的，逐街道逐月比对封存时的条款内容和现在的条款内容，"
        "不同的登记为变动；同一变动只登记一次。参数数值的变动由参数复核自行登记，不在此列。"
    ),
)
async def note_policy_changes(body: PolicyComparison, tx: Tx) -> object:
    changed = await commands.note_policy_changes(tx, **dict(body))
    return {"noted": bool(changed) and not body.dry_run, "items": changed}
