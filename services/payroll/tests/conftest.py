from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Actor, Role
from common.testing import Bench, bench_fixtures, somebody
from payroll import commands
from payroll.main import service
from payroll.models import Agreement, Payee, PayrollRun, PayStandard

opened_bench, bench = bench_fixtures(service)


class Office:
    """A finance office at work: `clerk` drafts, enters and calculates, `chief` approves."""

    clerk = somebody(Role.FINANCE, area="", subject="clerk")
    chief = somebody(Role.FINANCE, area="", subject="chief")

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    async def has_worker(self, worker_id: str, **changes: Any) -> None:
        given: dict[str, Any] = {
            "area": "220102001002",
            "staff": "community_worker",
            "organisation_id": f"community-{changes.get('area', '220102001002')}",
            "post_class": "ordinary",
            "starts_on": date(2025, 1, 1),
            "ends_on": None,
            "signed_on": date(2024, 12, 20),
            "monthly_pay": None,
        } | changes
        left_on, account = given.pop("left_on", None), given.pop("account", None)
        place = {"area": given["area"], "staff": given["staff"]}
        await self.bench.save(
            Payee(worker_id=worker_id, left_on=left_on, account=account, **place),
            Agreement(agreement_id=f"agreement-{worker_id}", worker_id=worker_id, **given),
        )

    async def has_standard(self, amount: str, **changes: Any) -> None:
        given: dict[str, Any] = {
            "area": "2201",
            "staff": "community_worker",
            "post_class": "ordinary",
            "grade": 1,
            "starts_on": date(2025, 1, 1),
        } | changes
        drafted = await self.run(commands.set_pay_standard, monthly_amount=Decimal(amount), **given)
        await self.run(
            commands.approve_pay_standard, actor=self.chief, standard_id=drafted.standard_id, on=given["starts_on"]
        )

    async def opens(self, month: str = "2026-03", **changes: Any) -> str:
        given: dict[str, Any] = {"area": "220102001", "staff": "community_worker", "on": date(2026, 12, 31)} | changes
        run: PayrollRun = await self.run(commands.open_payroll_run, month=month, **given)
        return run.run_id

    async def scores(self, run_id: str, **scores: int) -> None:
        for worker_id, score in scores.items():
            await self.run(commands.score_for_pool, run_id=run_id, worker_id=worker_id, score=Decimal(score))

    async def calculates(self, run_id: str, actor: Actor | None = None) -> PayrollRun:
        run: PayrollRun = await self.run(
            commands.calculate_payroll_run, actor=actor, run_id=run_id, on=date(2026, 3, 25)
        )
        return run

    async def approves(self, run_id: str, actor: Actor | None = None) -> PayrollRun:
        run: PayrollRun = await self.run(
            commands.approve_payroll_run, actor=actor or self.chief, run_id=run_id, on=date(2026, 3, 26)
        )
        return run

    async def pays(self, month: str, **changes: Any) -> str:
        """A whole run, from opening to approval."""
        run_id = await self.opens(month, **changes)
        assert (await self.calculates(run_id)).status == "calculated"
        await self.approves(run_id)
        return run_id

    async def run(self, command: Callable[..., Awaitable[Any]], *, actor: Actor | None = None, **arguments: Any) -> Any:
        return await self.bench.run(command, actor=actor or self.clerk, **arguments)

    async def standards(self) -> list[PayStandard]:
        return await self.bench.rows(PayStandard)


@pytest.fixture
def office(bench: Bench) -> Office:
    return Office(bench)
