"""Slips in one process: ours, the straight script, or both in turn. Run by payroll.py in a process of its own.

`python -m benchmarks.payroll_arithmetic ours|straight|both|sealed PEOPLE BATCH`: prints one line of JSON with the
seconds of each round and the peak memory. `both` also compares them to the fen; `sealed` is ours with each slip's
digest.
"""

import json
import resource
import sys
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmarks.payroll_columns import CHANGED, FIGURES, draw_batch
from benchmarks.payroll_straight import Sums, straight
from payroll.engine import work_out
from payroll.engine.columns import Batch
from payroll.engine.working import work_columns

ROUNDS = 3
COMPARED = ("gross", "contributions", "employer_contributions")


def main(kind: str, people: int, batch: int) -> None:
    whole = draw_batch(1, people, changed=people // CHANGED) if batch >= people else None
    parts = [whole] if whole else [draw_batch(number, batch, changed=batch // CHANGED) for number in range(8)]
    turns = -(-people // batch)
    works: dict[str, tuple[Any, ...]] = {"ours": (work_columns,), "straight": (_straight,), "sealed": (work_out,)}
    works["both"] = works["ours"] + works["straight"]
    said: dict[str, Any] = {"seconds": [[] for _ in works[kind]]}
    for _ in range(ROUNDS):
        for samples, work in zip(said["seconds"], works[kind], strict=True):
            samples.append(_timed(work, parts, turns))
    if kind == "both":
        said["compared"] = sum(_compare(one) for one in parts)
    said["peak_kb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(json.dumps(said) + "\n")


def _straight(batch: Batch) -> None:
    straight(batch, FIGURES)


def _timed(work: Any, parts: Iterable[Batch], turns: int) -> float:
    parts = list(parts)
    begun = time.perf_counter()
    for turn in range(turns):
        work(parts[turn % len(parts)])
    return time.perf_counter() - begun


def _compare(batch: Batch) -> int:
    """How many slips were compared; the script sets nobody aside."""
    sums, results = straight(batch, FIGURES), work_out(batch)
    paid = results.paid
    wrong = {name: _different(getattr(sums, name), results.columns[name], paid) for name in COMPARED}
    wrong |= {"tax": _different(sums.tax, _whole_tax(results), paid), "net": _different_net(sums, results)}
    if any(wrong.values()):
        raise AssertionError(f"not the same results: {wrong} of {int(paid.sum())} slips")
    return int(paid.sum())


def _whole_tax(results: Any) -> Any:
    return results.columns["tax"] + results.columns["bonus_tax"]


def _different_net(sums: Sums, results: Any) -> int:
    """Where the script leaves less than nothing, the engine has the employer advance it."""
    return _different(np.maximum(sums.net, 0), results.columns["net"], results.paid)


def _different(expected: Any, found: Any, paid: Any) -> int:
    return int(np.count_nonzero((expected != found) & paid))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
