"""A small payroll to write files of."""

from typing import Any

from payroll.files.figures import Difference, Item, RunOfSlips, Slip

ITEMS = (
    Item("base", "earning", "基本工资", "JS-6b"),
    Item("performance", "earning", "绩效工资", "JS-6b"),
    Item("pension_worker", "deduction", "养老保险（个人）"),
    Item("tax", "deduction", "个人所得税"),
    Item("pension_employer", "employer", "养老保险（单位）"),
)


def slip(worker_id: str = "worker-1", **changes: Any) -> Slip:
    """4,000.00 and 1,234.56 earned, 320.00 for the pension, 0.01 of tax; 640.00 by the employer."""
    given: dict[str, Any] = {
        "payslip_id": f"payslip-{worker_id}",
        "worker_id": worker_id,
        "name": "王小明",
        "area": "320102001002",
        "organisation_id": "union-320102001",
        "amounts": {
            "base": 400_000,
            "performance": 123_456,
            "pension_worker": 32_000,
            "tax": 1,
            "pension_employer": 64_000,
        },
        "differences": (),
        "gross": 523_456,
        "contributions": 32_000,
        "employer_contributions": 64_000,
        "tax": 1,
        "net": 491_455,
        "income": 523_456,
    }
    return Slip(**(given | changes))


def run(*slips: Slip, **changes: Any) -> RunOfSlips:
    given: dict[str, Any] = {
        "run_id": "run-2026-03",
        "area": "320102",
        "staff": "union_worker",
        "month": "2026-03",
        "cycle": "month",
        "paid_in": "2026-04",
        "items": ITEMS,
        "slips": list(slips),
    }
    return RunOfSlips(**(given | changes))


def late(code: str, period: str, amount: int, cause: str = "grade") -> Difference:
    return Difference(code, period, amount, cause)
