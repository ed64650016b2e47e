"""What the benchmarks share: samples, and one JSON line on stdout for each figure. Quick to import: load.py does."""

import asyncio
import json
import math
import statistics
import sys
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def figure(name: str, *, ours: float, baseline: float, unit: str, baseline_is: str) -> None:
    """One line on stdout. `ratio` is ours / baseline whatever the unit, so a cost is better when it is small."""
    line = {
        "name": name,
        "ours": _short(ours),
        "baseline": _short(baseline),
        "ratio": _short(ours / baseline),
        "unit": unit,
        "baseline_is": baseline_is,
    }
    print(json.dumps(line, ensure_ascii=False), flush=True)


def _short(number: float) -> float:
    """Four significant digits: what was measured does not know more."""
    digits = 3 - math.floor(math.log10(abs(number))) if number else 0
    return round(number, max(0, digits))


def median(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that this share of all samples does not exceed."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def run_loop(work: Coroutine[Any, Any, T]) -> T:
    """On uvloop, as every service runs: ours and the baseline alike."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)
