from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from common.policy import ParameterRow, Policies
from common.testing import Bench, real_parameters
from payroll.engine.columns import ABSENT, Coded, Inputs
from payroll.models import (
    Agreement,
    Change,
    Payee,
    PayrollBatch,
    PayrollRun,
    Payslip,
    PayslipLine,
    PayStandard,
    RunStatus,
)
from payroll.queries.loading import LoadedBatch, load_batch

STREET = "220102001"
PLACE = "220102001002"
EMPLOYER = f"community-{PLACE}"
STAFF = "community_worker"


class Street:
    """A street in Changchun: who works there, what was paid, and what a batch of it reads."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.numbers = 0

    async def has(self, worker_id: str, **changes: Any) -> None:
        """A worker with an agreement that began in 2025."""
        given: dict[str, Any] = {
            "agreement_id": f"agreement-{worker_id}-{changes.get('starts_on', '')}",
            "area": PLACE,
            "staff": STAFF,
            "organisation_id": f"community-{changes.get('area', PLACE)}",
            "post_class": "ordinary",
            "kind": "service_agreement",
            "starts_on": date(2025, 1, 1),
            "signed_on": date(2024, 12, 20),
        } | changes
        left_on, hired_on = given.pop("left_on", None), given.pop("hired_on", date(2025, 1, 1))
        known = {payee.worker_id for payee in await self.bench.rows(Payee)}
        if worker_id not in known:
            place = {"area": given["area"], "staff": given["staff"]}
            await self.bench.save(Payee(worker_id=worker_id, left_on=left_on, hired_on=hired_on, **place))
        await self.bench.save(Agreement(worker_id=worker_id, **given))

    async def has_standard(self, yuan: str, **changes: Any) -> None:
        given: dict[str, Any] = {
            "area": "2201", "staff": STAFF, "post_class": "ordinary", "grade": 1, "starts_on": date(2025, 1, 1),
            "status": "approved", "drafted_by": "clerk", "source": "s",
        } | changes  # fmt: skip
        self.numbers += 1
        await self.bench.save(PayStandard(standard_id=f"standard-{self.numbers}", monthly_amount=yuan, **given))

    async def changed(self, worker_id: str | None, from_month: str, **changes: Any) -> int:
        """Notes a change, and gives its number."""
        given: dict[str, Any] = {
            "area": PLACE, "staff": None, "cause": "entry", "reference": "r",
            "noted_at": datetime(2026, 6, 1, tzinfo=UTC), "noted_by": "somebody",
        } | changes  # fmt: skip
        change = Change(worker_id=worker_id, from_month=from_month, **given)
        await self.bench.save(change)
        return change.change_id

    async def was_paid(
        self,
        month: str,
        slips: dict[str, dict[str, int]],
        *,
        street: str = STREET,
        status: str = RunStatus.APPROVED,
        cycle: str = "month",
        paid_in: str | None = None,
        calculated_at: datetime = datetime(2026, 5, 1, tzinfo=UTC),
        considered: Sequence[int] = (),
        employer: str = EMPLOYER,
        later: dict[tuple[str, str, str], int] | None = None,
        **columns: int,
    ) -> str:
        """A run of one batch: fen by worker and line; `later` the differences, by worker, line and period."""
        self.numbers += 1
        run_id, batch_id = f"run-{self.numbers}", f"batch-{self.numbers}"
        place = {"area": street, "staff": STAFF}
        await self.bench.save(
            PayrollRun(
                run_id=run_id, month=month, cycle=cycle, paid_in=paid_in or month, status=status, opened_by="clerk",
                opened_on=date(2026, 1, 1), **place,
            )
        )  # fmt: skip
        await self.bench.save(
            PayrollBatch(
                batch_id=batch_id, run_id=run_id, attempt=1, calculated_at=calculated_at, queued_at=calculated_at,
                considered=list(considered), **place,
            )
        )  # fmt: skip
        for leaf, (worker_id, lines) in enumerate(slips.items()):
            slip = self._slip(run_id, batch_id, leaf, worker_id, employer, month, cycle, paid_in or month, columns)
            await self.bench.save(slip)
            owed: list[tuple[str, int, str | None]] = [(code, amount, None) for code, amount in lines.items()]
            owed += [(code, fen, period) for (who, code, period), fen in (later or {}).items() if who == worker_id]
            await self.bench.save(
                *(
                    PayslipLine(slip_no=slip.slip_no, ordinal=n, area=street, code=code, amount=fen, period=period)
                    for n, (code, fen, period) in enumerate(owed)
                )
            )
        return run_id

    @staticmethod
    def _slip(
        run_id: str, batch_id: str, leaf: int, worker_id: str, employer: str, month: str, cycle: str, paid_in: str,
        columns: dict[str, int],
    ) -> Payslip:  # fmt: skip
        named = (
            "gross", "contributions", "employer_contributions", "tax", "net", "income", "exempt", "special",
            "additional", "other", "relief", "bonus", "bonus_tax",
        )  # fmt: skip
        return Payslip(
            payslip_id=f"slip-{run_id}-{leaf}", run_id=run_id, batch_id=batch_id, leaf=leaf, area=PLACE, staff=STAFF,
            worker_id=worker_id, organisation_id=employer, month=month, cycle=cycle, paid_in=paid_in,
            **{name: columns.get(name, 0) for name in named},
        )  # fmt: skip

    async def loads(
        self,
        month: str = "2026-03",
        *,
        cycle: str = "month",
        street: str = STREET,
        staff: str = STAFF,
        paid_in: str | None = None,
        policies: Policies | None = None,
        own: Sequence[ParameterRow] = (),
        **others: Any,
    ) -> LoadedBatch:
        run = PayrollRun(
            run_id="present", area=street, staff=staff, month=month, cycle=cycle, paid_in=paid_in or month,
            status=RunStatus.CALCULATING, opened_by="clerk", opened_on=date(2026, 1, 1),
        )  # fmt: skip
        batch = PayrollBatch(batch_id="b", run_id="present", area=street, staff=staff, attempt=1)
        parameters = real_parameters().with_rows(own)
        async with self.bench.session() as session:
            return await load_batch(session, policies or self.bench.runtime.policies, parameters, run, batch, **others)

    async def reads(self, month: str = "2026-03", **others: Any) -> Inputs:
        return (await self.loads(month, **others)).batch.inputs


def words(coded: Coded) -> list[str | None]:
    return [None if code < 0 else coded.words[code] for code in coded.codes]


def figures(column: Any) -> list[int | None]:
    return [None if value == ABSENT else int(value) for value in np.asarray(column)]


@pytest.fixture
def street(bench: Bench) -> Street:
    return Street(bench)
