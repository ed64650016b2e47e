"""Runs as they stand once they are approved, for tests of what comes after."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import select

from common.actors import Role
from common.testing import Bench, somebody
from payroll.models import Agreement, Payee, PayrollBatch, PayrollRun, Payslip, PayslipLine
from payroll.tests.offices import seeded_parameters

STREET = "320102001"
UNION = "union-320102001"

clerk = somebody(Role.FINANCE, area="320102", subject="clerk")
chief = somebody(Role.FINANCE, area="320102", subject="chief")


def _line(code: str, kind: str, label_zh: str, component: str | None, rule: str | None) -> dict[str, Any]:
    return {"code": code, "kind": kind, "label_zh": label_zh, "component": component, "rule": rule, "clause": None}


_RULE = "contributions.amounts"
LAYOUT = [
    _line("base", "earning", "基本工资", "share_of_standard", "pay.composition"),
    _line("pension_worker", "deduction", "养老保险（个人）", "pension", _RULE),
    _line("pension_employer", "employer", "养老保险（单位）", "pension", _RULE),
    _line("housing_fund_worker", "deduction", "住房公积金（个人）", "housing_fund", _RULE),
    _line("housing_fund_employer", "employer", "住房公积金（单位）", "housing_fund", _RULE),
    _line("tax", "deduction", "个人所得税", None, None),
]


async def has_parameters(bench: Bench) -> None:
    """The handbook's figures, as if a second person had checked each."""
    await bench.save(*seeded_parameters())


async def has_worker(bench: Bench, worker_id: str, **changes: Any) -> None:
    place = {"area": changes.pop("area", STREET), "staff": changes.pop("staff", "union_worker")}
    organisation_id = changes.pop("organisation_id", UNION)
    starts_on = changes.pop("starts_on", date(2024, 1, 1))
    await bench.save(
        Payee(worker_id=worker_id, **place, **{"name": f"{worker_id}的姓名", "account": None} | changes),
        Agreement(
            agreement_id=f"agreement-{worker_id}",
            worker_id=worker_id,
            **place,
            organisation_id=organisation_id,
            post_class="ordinary",
            kind="labour_fixed",
            starts_on=starts_on,
            signed_on=starts_on,
        ),
    )


async def approved_run(
    bench: Bench, slips: Mapping[str, Mapping[str, int]], *, month: str = "2026-03", **changes: Any
) -> str:
    """A run of one street with a slip for each worker: lines in fen by code, `code@2025-12` for an earlier month.

    Called again with the same `run_id` it adds a street; the run itself is of `run_area`.
    """
    run_id = changes.pop("run_id", f"run-{month}")
    paid_in = changes.pop("paid_in", month)
    status = changes.pop("status", "approved")
    place = {"area": changes.pop("area", STREET), "staff": changes.pop("staff", "union_worker")}
    organisation_id = changes.pop("organisation_id", UNION)
    of_slips = changes.pop("of_slips", {})
    run_area = changes.pop("run_area", place["area"])
    batch_id = f"batch-{run_id}-{place['area']}"
    run = PayrollRun(
        run_id=run_id,
        month=month,
        paid_in=paid_in,
        status=status,
        opened_by="x|opener",
        opened_on=date(2026, 3, 1),
        area=run_area,
        staff=place["staff"],
    )
    async with bench.session() as session:
        known = await session.get(PayrollRun, run_id) is not None
    if not known:
        await bench.save(run)
    issued_at = changes.pop("issued_at", datetime(2026, 3, 20, tzinfo=UTC))
    await bench.save(
        PayrollBatch(batch_id=batch_id, run_id=run_id, attempt=1, layout=LAYOUT, issued_at=issued_at, **place)
    )
    for leaf, (worker_id, lines) in enumerate(slips.items()):
        slip = _slip(lines, payslip_id=f"payslip-{run_id}-{worker_id}", leaf=leaf, **of_slips)
        slip.run_id, slip.batch_id, slip.worker_id, slip.organisation_id = run_id, batch_id, worker_id, organisation_id
        slip.month, slip.paid_in, slip.cycle, slip.area, slip.staff = (
            month,
            paid_in,
            "month",
            place["area"],
            place["staff"],
        )
        await bench.save(slip)
        await bench.save(
            *(
                PayslipLine(
                    slip_no=slip.slip_no,
                    ordinal=ordinal,
                    code=code.partition("@")[0],
                    amount=amount,
                    period=code.partition("@")[2] or None,
                    area=place["area"],
                )
                for ordinal, (code, amount) in enumerate(lines.items())
            )
        )
    return batch_id


def _slip(lines: Mapping[str, int], **given: Any) -> Payslip:
    def of(*codes: str) -> int:
        return sum(amount for code, amount in lines.items() if code.partition("@")[0] in codes)

    gross = of("base")
    own = of("pension_worker", "housing_fund_worker")
    tax = of("tax")
    figures = {
        "gross": gross,
        "contributions": own,
        "employer_contributions": of("pension_employer", "housing_fund_employer"),
        "tax": tax,
        "net": gross - own - tax,
        "income": gross,
        "special": own,
    }
    nothing = dict.fromkeys(("exempt", "additional", "other", "relief", "bonus", "bonus_tax"), 0)
    return Payslip(**(nothing | figures | given))


async def run_of(bench: Bench, run_id: str) -> PayrollRun:
    async with bench.session() as session:
        return (await session.scalars(select(PayrollRun).where(PayrollRun.run_id == run_id))).one()
