"""A payslip and why: its lines explained out of the sealed snapshot, its proof, and two months side by side."""

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from common.errors import BusinessError, NotFound
from common.paging import Rows
from common.transaction import seeing
from payroll import engine
from payroll.engine.columns import Batch, Results
from payroll.engine.explain import ExplainedLine
from payroll.models import PayrollBatch, PayrollRun, Payslip, PayslipLine
from payroll.queries import runs


class SlipDisagrees(BusinessError):
    """What is stored is not what the sealed inputs give: nothing is explained that is not so."""

    status = 500
    zh = "工资条（{payslip_id}）与封存的核算数据不一致，暂不能说明，请联系运维人员核查。"
    en = "Payslip {payslip_id} differs from its sealed inputs; it cannot be explained until an operator has looked."


@dataclass(frozen=True)
class ExplainedSlip:
    """The slip, its run and its batch, each line with its words and where it comes from."""

    slip: Payslip
    run: PayrollRun
    batch: PayrollBatch
    lines: list[ExplainedLine]


@dataclass(frozen=True)
class Proof:
    """That a slip is one of those sealed by a decision: its canonical content, its digest and the path to the root."""

    payslip_id: str
    batch_id: str
    leaf: str
    index: int
    size: int
    path: list[str]
    root: str
    decision_id: str | None


@dataclass(frozen=True)
class ComparedLine:
    """A line in two slips, in fen; None where a slip does not have it."""

    code: str
    kind: str
    label: str
    period: str | None
    before: int | None
    now: int | None
    words_before: str | None
    words_now: str | None

    @property
    def difference(self) -> int:
        return (self.now or 0) - (self.before or 0)


def opened(snapshot: bytes) -> Batch:
    """A batch as it was sealed."""
    return engine.snapshot.read(zlib.decompress(snapshot))


def recompute(snapshot: bytes) -> tuple[Batch, Results]:
    """A batch as it was sealed, and what the engine makes of it."""
    batch = opened(snapshot)
    return batch, engine.work_out(batch)


async def own_payslip(session: AsyncSession, *, payslip_id: str, account: str) -> Payslip | None:
    """The slip if it is approved and its worker signs in with `account`."""
    async with seeing(session, area=""):
        return await runs.own_payslip(session, payslip_id=payslip_id, account=account)


async def own_slips(
    session: AsyncSession, *, account: str, key: bytes, cursor: str | None, limit: int
) -> Rows[Payslip]:
    """The approved slips of whoever signs in with `account`, by month."""
    async with seeing(session, area=""):
        return await runs.own_slips(session, account=account, key=key, cursor=cursor, limit=limit)


async def explained_slip(session: AsyncSession, slip: Payslip) -> ExplainedSlip:
    """The lines with their words, worked out again from the snapshot; SlipDisagrees where they are not those stored.

    The caller has made sure that the slip is the reader's to see; its lines may lie where he has moved away from.
    """
    batch, run = await _sealed_in(session, slip)
    async with seeing(session, area=""):
        stored = await runs.lines_of(session, slip_no=slip.slip_no)
    lines = await asyncio.to_thread(_explain, batch.snapshot or b"", slip)
    if [(line.code, line.amount, line.period) for line in lines] != [_as_stored(line) for line in stored]:
        raise SlipDisagrees(payslip_id=slip.payslip_id)
    return ExplainedSlip(slip, run, batch, lines)


def _as_stored(line: PayslipLine) -> tuple[str, int, str | None]:
    return line.code, line.amount, line.period


def _explain(snapshot: bytes, slip: Payslip) -> list[ExplainedLine]:
    batch, results = recompute(snapshot)
    place = _place(batch, slip)
    return [] if place is None else list(engine.explain.explain(batch, results, place))


def _place(batch: Batch, slip: Payslip) -> int | None:
    """The number of the slip among those of the batch."""
    payees = zip(batch.inputs.worker_ids, batch.inputs.organisation_ids, strict=True)
    wanted = (slip.worker_id, slip.organisation_id)
    return next((number for number, payee in enumerate(payees) if payee == wanted), None)


async def proof_of(session: AsyncSession, slip: Payslip) -> Proof:
    """Its inclusion in the batch's tree (RFC 9162, 2.1.3)."""
    batch, _ = await _sealed_in(session, slip)
    leaves = await asyncio.to_thread(lambda: recompute(batch.snapshot or b"")[1].leaves)
    return Proof(
        payslip_id=slip.payslip_id,
        batch_id=batch.batch_id,
        leaf=leaves[slip.leaf].hex(),
        index=slip.leaf,
        size=len(leaves),
        path=[node.hex() for node in engine.tree.path_of(slip.leaf, leaves)],
        root=batch.root or "",
        decision_id=batch.decision_id,
    )


async def compared(session: AsyncSession, *, before: Payslip, now: Payslip) -> list[ComparedLine]:
    """Two slips line by line, in the order of the later one; lines that only the earlier one has come last."""
    earlier = _by_line(await explained_slip(session, before))
    later = _by_line(await explained_slip(session, now))
    found = []
    for place in dict.fromkeys((*later, *earlier)):
        old, new = earlier.get(place), later.get(place)
        line: Any = new or old
        found.append(
            ComparedLine(
                code=line.code,
                kind=line.kind,
                label=line.label,
                period=line.period,
                before=old.amount if old else None,
                now=new.amount if new else None,
                words_before=old.words_zh if old else None,
                words_now=new.words_zh if new else None,
            )
        )
    return found


def _by_line(explained: ExplainedSlip) -> Mapping[tuple[str, str | None], ExplainedLine]:
    return {(line.code, line.period): line for line in explained.lines}


async def _sealed_in(session: AsyncSession, slip: Payslip) -> tuple[PayrollBatch, PayrollRun]:
    async with seeing(session, area=""):
        batch = await runs.batch(session, batch_id=slip.batch_id)
        run = await runs.run(session, run_id=slip.run_id)
    if batch is None or run is None:
        raise NotFound(what=f"payslip {slip.payslip_id}")
    return batch, run
