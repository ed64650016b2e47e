"""Bodies of events of a whole batch, byte for byte what the event classes would be written as."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import orjson

from payroll.commands.slip_rows import payslip_id_of
from payroll.engine.columns import Batch, Int, Pool, Results
from payroll.models import PayrollRun

AMOUNTS = ("gross", "contributions", "tax", "net")
MOST_SHARES = 10_000  # in an event: with the longest ids and amounts within `LARGEST_EVENT`


def issued_bodies(
    run: PayrollRun, batch: Batch, results: Results, areas: Sequence[str]
) -> tuple[list[str], list[bytes]]:
    """The worker of each paid slip and the body of its event; `areas` are those of the paid slips."""
    paid = np.flatnonzero(results.paid)
    slips = paid.tolist()
    workers = [batch.inputs.worker_ids[slip] for slip in slips]
    employers = [batch.inputs.organisation_ids[slip] for slip in slips]
    columns = {**results.columns, "tax": results.columns["tax"] + results.columns["bonus_tax"]}
    amounts = zip(*(in_yuan(columns[name][paid].tolist()) for name in AMOUNTS), strict=True)
    lines = _lines(results, paid)
    bodies = [
        orjson.dumps(
            {
                "payslip_id": payslip_id_of(run.run_id, worker_id, organisation_id),
                "run_id": run.run_id,
                "worker_id": worker_id,
                "area": area,
                "staff": run.staff,
                "month": run.month,
                "cycle": run.cycle,
                "organisation_id": organisation_id,
                "gross": gross,
                "contributions": contributions,
                "tax": tax,
                "net": net,
                "lines": orjson.Fragment(said),
            }
        )
        for worker_id, organisation_id, area, (gross, contributions, tax, net), said in zip(
            workers, employers, areas, amounts, lines, strict=True
        )
    ]
    return workers, bodies


def pool_bodies(run: PayrollRun, batch: Batch, pool: Pool) -> list[bytes]:
    """A shared pool as `PoolShared` would be written, `MOST_SHARES` workers at a time; whoever has two slips in it has
    the sum of their shares.
    """
    shares: dict[str, int] = {}
    for slip, share in zip(pool.slips.tolist(), pool.shares.tolist(), strict=True):
        worker_id = batch.inputs.worker_ids[slip]
        shares[worker_id] = shares.get(worker_id, 0) + share
    said = list(zip(shares, in_yuan(list(shares.values())), strict=True))
    pooled = {"run_id": run.run_id, "area": pool.area, "month": run.month, "total": _yuan(int(pool.brought_in.sum()))}
    parts = range(0, max(len(said), 1), MOST_SHARES)
    return [orjson.dumps({**pooled, "shares": dict(said[first : first + MOST_SHARES])}) for first in parts]


def in_yuan(fen: Sequence[int]) -> list[str]:
    """Fen as `common.money.Yuan` writes it; an amount that many have is written once."""
    known = {amount: _yuan(amount) for amount in set(fen)}
    return [known[amount] for amount in fen]


def _yuan(fen: int) -> str:
    whole, part = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{whole}.{part:02d}"


def _lines(results: Results, paid: Int) -> Iterator[str]:
    """The lines of each paid slip, in their order: code, kind, label, amount, and the month of a difference."""
    heads = [
        orjson.dumps({"code": line.code, "kind": line.kind, "label": line.label_zh}).decode()[:-1] + ',"amount":"'
        for line in results.layout
    ]
    ends = [f'","period":{orjson.dumps(period).decode()}}}' for period in results.periods] + ['"}']
    said = [
        f"{heads[code]}{amount}{ends[period]}"
        for code, amount, period in zip(
            results.line_code.tolist(), in_yuan(results.line_amount.tolist()), results.line_period.tolist(), strict=True
        )
    ]
    for first, last in _bounds(results, paid):
        yield f"[{','.join(said[first:last])}]"


def _bounds(results: Results, paid: Int) -> Iterable[tuple[int, int]]:
    firsts = np.searchsorted(results.line_slip, paid, side="left").tolist()
    return zip(firsts, np.searchsorted(results.line_slip, paid, side="right").tolist(), strict=True)
