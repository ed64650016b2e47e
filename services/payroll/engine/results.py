"""Slips out of columns: flat lines in their order, the canonical JSON of each slip, leaves and root."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from json.encoder import encode_basestring as _said  # as `json.dumps` writes a word, not escaped to ASCII

import numpy as np

from payroll.engine.columns import Batch, Bool, Found, Int, Line, Pool, Results
from payroll.engine.differences import Differences
from payroll.engine.layout import places
from payroll.rules.arithmetic import zeros
from payroll.rules.sealing import hash_leaf, root_of

Lines = Mapping[str, Int]

COLUMNS = (
    *("gross", "contributions", "employer_contributions", "tax", "net", "income", "exempt", "special"),
    *("additional", "other", "relief", "bonus", "bonus_tax"),
)


@dataclass(frozen=True)
class Flat:
    """Lines of this period, sorted by slip and place in the layout."""

    slip: Int
    code: Int
    amount: Int


@dataclass
class Worked:
    """The lines and totals of a street as columns. `lines`: of a piece of it after the other, by code."""

    layout: tuple[Line, ...]
    differences: Differences
    lines: list[Lines]
    columns: dict[str, Int]
    paid: Bool
    found: list[Found]
    pools: tuple[Pool, ...]
    kept: Mapping[str, Int]


def flat_lines(pieces: Sequence[Lines], layout: Iterable[Line]) -> Flat:
    """Lines of nothing are left out."""
    slips, codes, amounts = [zeros(0)], [zeros(0)], [zeros(0)]
    place, before = places(layout), 0
    for lines in pieces:
        names = sorted(lines, key=place.__getitem__)
        size = len(lines[names[0]])
        table = np.empty((size, len(names)), dtype=np.int64)
        for column, name in enumerate(names):
            table[:, column] = lines[name]
        there = table != 0
        at = np.flatnonzero(there)
        slips.append(np.repeat(np.arange(before, before + size), there.sum(axis=1)))
        codes.append(np.tile(np.array([place[name] for name in names], dtype=np.int64), size)[at])
        amounts.append(table.ravel()[at])
        before += size
    return Flat(np.concatenate(slips), np.concatenate(codes), np.concatenate(amounts))


def results_of(batch: Batch, worked: Worked) -> Results:
    slip, code, amount, period, change, employer = _with_differences(worked)
    results = Results(
        layout=worked.layout,
        periods=worked.differences.periods,
        columns=worked.columns,
        line_slip=slip,
        line_code=code,
        line_amount=amount,
        line_period=period,
        line_change=change,
        line_employer=employer,
        employers=worked.differences.employers,
        kept=worked.kept,
        first_months=tuple(worked.differences.first_pay.months),
        paid=worked.paid,
        found=tuple(worked.found),
        pools=worked.pools,
        leaves=(),
        root="",
    )
    leaves = tuple(hash_leaf(entry) for entry in entries_of(batch, results))
    return replace(results, leaves=leaves, root=root_of(leaves).hex())


def _with_differences(worked: Worked) -> tuple[Int, Int, Int, Int, Int, Int]:
    flat, late = flat_lines(worked.lines, worked.layout), worked.differences
    mine = np.full(len(flat.slip), -1, dtype=np.int64)
    due = worked.paid[late.slip] if len(late.slip) else np.zeros(0, dtype=bool)
    if not due.any():
        return flat.slip, flat.code, flat.amount, mine, mine, mine
    slip = np.concatenate([flat.slip, late.slip[due]])
    code = np.concatenate([flat.code, late.code[due]])
    amount = np.concatenate([flat.amount, late.amount[due]])
    period = np.concatenate([mine, late.period[due]])
    change = np.concatenate([mine, late.change[due]])
    employer = np.concatenate([mine, late.employer[due]])
    order = np.lexsort((change, code, period, slip))
    return slip[order], code[order], amount[order], period[order], change[order], employer[order]


def entries_of(batch: Batch, results: Results) -> list[bytes]:
    """The canonical JSON of every paid slip, in order: what the leaves are the digests of.

    Keys stand in alphabetical order, nothing is spaced, money is whole fen. Lines are [code, amount, period, change],
    the last two null for this period.
    """
    inputs = batch.inputs
    paid = np.flatnonzero(results.paid)
    slips = paid.tolist()
    columns: dict[str, Iterable[object]] = {name: results.columns[name][paid].tolist() for name in COLUMNS}
    columns["lines"] = _lines(results, paid)
    columns["organisation_id"] = (_said(inputs.organisation_ids[slip]) for slip in slips)
    columns["worker_id"] = (_said(inputs.worker_ids[slip]) for slip in slips)
    fixed = {
        "area": inputs.area,
        "cycle": inputs.cycle,
        "month": inputs.month,
        "paid_in": batch.paid_in,
        "staff": inputs.staff,
    }
    form = ",".join(
        f'"{name}":' + (_said(fixed[name]).replace("%", "%%") if name in fixed else "%s")
        for name in sorted([*fixed, *columns])
    )
    rows = zip(*(columns[name] for name in sorted(columns)), strict=True)
    return [f"{{{form % row}}}".encode() for row in rows]


def _lines(results: Results, paid: Int) -> Iterator[str]:
    codes = [_said(line.code) for line in results.layout]
    periods = [_said(period) for period in results.periods] + ["null"]
    lines = [
        f"[{codes[code]},{amount},{periods[period]},{change if change >= 0 else 'null'}]"
        for code, amount, period, change in zip(
            results.line_code.tolist(),
            results.line_amount.tolist(),
            results.line_period.tolist(),
            results.line_change.tolist(),
            strict=True,
        )
    ]
    firsts = np.searchsorted(results.line_slip, paid, side="left").tolist()
    lasts = np.searchsorted(results.line_slip, paid, side="right").tolist()
    for first, last in zip(firsts, lasts, strict=True):
        yield f"[{','.join(lines[first:last])}]"
