"""A finance office and what it pays by, for the tests of payroll."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from common.actors import Actor, Role
from common.clock import utc_now
from common.events import event_classes
from common.policy import ParameterRow
from common.tables import OutboxMessage, ParkedMessage
from common.testing import Bench, real_parameters, somebody
from payroll import commands
from payroll.commands import entries
from payroll.models import (
    Agreement,
    Change,
    Parameter,
    Payee,
    PayrollBatch,
    PayrollRun,
    Payslip,
    PayslipLine,
    PayStandard,
    RunStatus,
    SetAside,
)


class Office:
    """A finance office at work: `clerk` enters and calculates, `deputy` reviews, `chief` approves."""

    clerk = somebody(Role.FINANCE, area="", subject="clerk")
    deputy = somebody(Role.FINANCE, area="", subject="deputy")
    chief = somebody(Role.FINANCE, area="", subject="chief")

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.heard: set[str] = set()

    # ── who is paid, and by what ─────────────────────────────────────────────────────────────────────────────────────

    async def has_worker(self, worker_id: str, **changes: Any) -> None:
        """Somebody with an agreement, as if contracts had said so."""
        given: dict[str, Any] = {
            "area": "220102001002",
            "staff": "community_worker",
            "organisation_id": f"community-{changes.get('area', '220102001002')}",
            "post_class": "ordinary",
            "kind": "service_agreement",
            "starts_on": date(2025, 1, 1),
            "ends_on": None,
            "signed_on": date(2024, 12, 20),
            "monthly_pay": None,
        } | changes
        left_on, account = given.pop("left_on", None), given.pop("account", None)
        place = {"area": given["area"], "staff": given["staff"]}
        await self.bench.save(
            Payee(worker_id=worker_id, name=worker_id, left_on=left_on, account=account, **place),
            Agreement(agreement_id=f"agreement-{worker_id}", worker_id=worker_id, **given),
        )
        await self.changed(worker_id, area=given["area"], staff=given["staff"], month=f"{given['starts_on']:%Y-%m}")

    async def changed(
        self, worker_id: str | None, *, area: str, staff: str | None, month: str, cause: str = "agreement"
    ) -> None:
        """Something about somebody is otherwise from a month on."""
        await self.bench.save(
            Change(
                worker_id=worker_id,
                area=area,
                staff=staff,
                from_month=month,
                cause=cause,
                reference=f"{cause}-{worker_id}",
                noted_at=utc_now(),
                noted_by="somebody",
            )
        )

    async def has_standard(self, amount: str, **changes: Any) -> None:
        given: dict[str, Any] = {
            "area": "2201",
            "staff": "community_worker",
            "post_class": "ordinary",
            "grade": 1,
            "starts_on": date(2025, 1, 1),
            "source": "本地薪酬方案（虚构）",
        } | changes
        drafted = await self.run(commands.set_pay_standard, monthly_amount=Decimal(amount), **given)
        await self.run(
            commands.approve_pay_standard, actor=self.chief, standard_id=drafted.standard_id, on=given["starts_on"]
        )

    async def enters(
        self, worker_id: str, month: str = "2026-03", *, actor: Actor | None = None, cycle: str = "month", **values: str
    ) -> None:
        """Amounts in yuan, hours and days as they are."""
        amounts = {code.replace("__", "."): int(Decimal(value).scaleb(2)) for code, value in values.items()}
        await self.run(
            entries.enter_variables, actor=actor, month=month, cycle=cycle, worker_id=worker_id, values=amounts
        )

    async def scores(self, run_id: str, actor: Actor | None = None, **scores: int) -> None:
        """For the month of a run."""
        run = await self.the_run(run_id)
        for worker_id, score in scores.items():
            await self.enters(worker_id, run.month, cycle=run.cycle, actor=actor, score=str(score))

    # ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────

    async def opens(self, month: str = "2026-03", **changes: Any) -> str:
        given: dict[str, Any] = {"area": "220102001", "staff": "community_worker", "on": date(2026, 12, 31)} | changes
        run: PayrollRun = await self.run(commands.open_payroll_run, month=month, **given)
        return run.run_id

    async def queues(self, run_id: str, actor: Actor | None = None) -> PayrollRun:
        """Asks for the calculation, which nobody has begun yet."""
        run: PayrollRun = await self.run(
            commands.calculate_payroll_run, actor=actor, run_id=run_id, on=date(2026, 3, 25)
        )
        return run

    async def calculates(self, run_id: str, actor: Actor | None = None) -> PayrollRun:
        await self.queues(run_id, actor)
        await self.works()
        run = await self.the_run(run_id)
        assert run.status == RunStatus.CALCULATED
        return run

    async def reviews(self, run_id: str, actor: Actor | None = None, **seen: Any) -> PayrollRun:
        """The deputy has looked at whoever was set aside, unless `seen` says otherwise."""
        run = await self.the_run(run_id)
        given = {"set_aside": run.set_aside, "empty": run.workers == 0} | seen
        reviewed: PayrollRun = await self.run(
            commands.review_payroll_run, actor=actor or self.deputy, run_id=run_id, on=date(2026, 3, 26), **given
        )
        return reviewed

    async def approves(self, run_id: str, actor: Actor | None = None, **given: Any) -> PayrollRun:
        """Reviewed before, where that has not happened yet; the slips are issued."""
        if (await self.the_run(run_id)).status == RunStatus.CALCULATED:
            await self.reviews(run_id)
        run: PayrollRun = await self.run(
            commands.approve_payroll_run, actor=actor or self.chief, run_id=run_id, on=date(2026, 3, 27), **given
        )
        await self.works()
        return run

    async def pays(self, month: str, **changes: Any) -> str:
        """A whole run, from opening to approval."""
        run_id = await self.opens(month, **changes)
        await self.calculates(run_id)
        await self.approves(run_id)
        return run_id

    async def ages(self, *, hours: int = 24) -> None:
        """All that was calculated and noted until now lies so much further back: runs follow each other by weeks."""
        async with self.bench.session() as session:
            apart = timedelta(hours=hours)
            await session.execute(update(PayrollBatch).values(calculated_at=PayrollBatch.calculated_at - apart))
            await session.execute(update(Change).values(noted_at=Change.noted_at - apart))
            await session.commit()

    async def works(self) -> None:
        """A payroll process takes what is queued; what it parks is a failure of the test."""
        classes = event_classes()
        async with self.bench.session() as session:
            rows = list(
                await session.scalars(
                    select(OutboxMessage)
                    .where(OutboxMessage.stream == "work", OutboxMessage.event_id.not_in(self.heard))
                    .order_by(OutboxMessage.turn, OutboxMessage.ordinal)
                )
            )
        for row in rows:
            event = classes[row.type].model_validate_json(row.body)
            await self.bench.hear(event, event_id=row.event_id, sequence=len(self.heard) + 1)
            self.heard.add(row.event_id)
        parked = await self.bench.rows(ParkedMessage)
        assert [one.reason for one in parked] == []

    # ── what came of it ──────────────────────────────────────────────────────────────────────────────────────────────

    async def the_run(self, run_id: str) -> PayrollRun:
        [run] = [one for one in await self.bench.rows(PayrollRun) if one.run_id == run_id]
        return run

    async def slips(self, run_id: str | None = None) -> dict[str, Payslip]:
        """By worker."""
        rows = await self.bench.rows(Payslip)
        return {row.worker_id: row for row in rows if run_id in (None, row.run_id)}

    async def lines(self, slip: Payslip, kind: str | None = None) -> dict[str, Decimal]:
        """In yuan by code, those of earlier months as `code@month`."""
        [batch] = [one for one in await self.bench.rows(PayrollBatch) if one.batch_id == slip.batch_id]
        kinds = {line["code"]: line["kind"] for line in batch.layout}
        rows = [row for row in await self.bench.rows(PayslipLine) if row.slip_no == slip.slip_no]
        return {
            row.code if row.period is None else f"{row.code}@{row.period}": Decimal(row.amount).scaleb(-2)
            for row in sorted(rows, key=lambda row: row.ordinal)
            if kind in (None, kinds[row.code])
        }

    async def set_aside(self, run_id: str | None = None) -> list[tuple[str, str]]:
        """Who, and the code of why."""
        rows = await self.bench.rows(SetAside)
        return sorted((row.worker_id, row.code) for row in rows if run_id in (None, row.run_id))

    async def run(self, command: Callable[..., Awaitable[Any]], *, actor: Actor | None = None, **arguments: Any) -> Any:
        return await self.bench.run(command, actor=actor or self.clerk, **arguments)

    async def standards(self) -> list[PayStandard]:
        return await self.bench.rows(PayStandard)


def own_figure(code: str, value: Any, *, area: str, staff: str, starts_on: date = date(2024, 1, 1)) -> ParameterRow:
    """A figure that no document prints: a place has entered it itself."""
    return ParameterRow(
        f"own-{code}-{area}-{starts_on}"[:60], code, area, staff, starts_on, value, "本地办法（虚构）", "H"
    )


_NO_STEP = "0.00"
NO_STEPS = tuple(
    own_figure(code, value, area="32", staff="union_worker")
    for code, value in {
        "table.level_step": {"assistant_social_worker": _NO_STEP},
        "amount.years_step": _NO_STEP,
        "table.education_step": {"bachelor": _NO_STEP},
        "table.post_step": {"head": _NO_STEP},
        "table.title_step": {"intermediate": _NO_STEP},
        "table.results_step": {"excellent": _NO_STEP},
    }.items()
)
ALLOWANCES = {"assistant_social_worker": "200.00", "social_worker": "300.00", "senior_social_worker": "400.00"}


def certificate_allowances(
    value: Any = ALLOWANCES, *, area: str = "220102", starts_on: date = date(2025, 1, 1)
) -> ParameterRow:
    """A county's allowances by level of certificate."""
    return own_figure("table.certificate_allowance", value, area=area, staff="community_worker", starts_on=starts_on)


def checked(rows: Iterable[ParameterRow]) -> list[Parameter]:
    """As if one person had entered them and another had checked them."""
    return [
        Parameter(
            parameter_id=row.parameter_id,
            code=row.code,
            area=row.area,
            staff=row.staff,
            starts_on=row.starts_on,
            value=row.value,
            source=row.source,
            confidence=row.confidence,
            status="in_force",
            entered_by="http://issuer.example|seeds",
            entered_on=row.starts_on,
            checked_by="http://issuer.example|checker",
            checked_on=row.starts_on,
        )
        for row in rows
    ]


def seeded_parameters(own: Iterable[ParameterRow] = NO_STEPS) -> list[Parameter]:
    """Every figure that comes with the repository, checked, also those an office has still to verify; and `own`."""
    return checked([*real_parameters().rows, *own])
