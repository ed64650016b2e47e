"""Payroll: its arithmetic against plain sums, Decimal and OpenFisca; a whole run against COPY and coati-payroll."""

import json
import os
import subprocess
import sys
import time
from typing import Any

from benchmarks.figures import figure, median, run_loop, say
from benchmarks.payroll_columns import draw_batch, street_of
from benchmarks.payroll_database import Measured, measure
from benchmarks.payroll_outside import ran
from benchmarks.payroll_tax import say_openfisca
from benchmarks.servers import own_servers
from common.embedded.servers import Servers
from payroll.tests.oracle.slips import pay_street

PEOPLE = 1_000_000
WHOLE, STREET, CHUNK = PEOPLE, 1_000, 16_000
CALCULATED = 3_000
RUNS = (1_000, 10_000, 100_000)
LARGEST = 999_000  # what a county has streets for
COATI_PEOPLE = 200
ROUNDS = 3
LARGE = "BENCH_PAYROLL_LARGE"  # set: also the largest run


def run() -> None:
    arithmetic = _say_arithmetic()
    _say_calculator(arithmetic)
    say_openfisca()
    with own_servers() as servers:
        runs = [
            run_loop(measure(servers, people, number=number))
            for number, people in enumerate(RUNS + ((LARGEST,) if os.environ.get(LARGE) else ()))
        ]
        for one in runs:
            say(f"  {one}")
        _say_runs(runs)
        _say_coati(servers, runs)


def _say_arithmetic() -> float:
    """Our microseconds a slip, a million in one batch."""
    each: dict[int, float] = {}
    for size in (WHOLE, CHUNK, STREET):
        said = _arithmetic("both", size)
        each[size], straight = (median(samples) * 1e6 / PEOPLE for samples in said["seconds"])
        figure(
            f"payroll_arithmetic_in_batches_of_{size}",
            ours=each[size],
            baseline=straight,
            unit="µs/slip",
            baseline_is=f"the same sums, straight in NumPy; {said['compared']} slips compared, equal to the fen",
        )
    figure(
        "payroll_arithmetic_peak",
        ours=_arithmetic("ours", WHOLE)["peak_kb"] / 1024,
        baseline=_arithmetic("straight", WHOLE)["peak_kb"] / 1024,
        unit="MB",
        baseline_is=f"the straight script; both with {PEOPLE} slips in one batch, drawn in the same process",
    )
    [sealed] = _arithmetic("sealed", CHUNK)["seconds"]
    figure(
        "payroll_arithmetic_sealed",
        ours=median(sealed) * 1e6 / PEOPLE,
        baseline=each[CHUNK],
        unit="µs/slip",
        baseline_is="our arithmetic alone; with it the canonical JSON of each slip, its SHA-256 and the batch's root",
    )
    return each[WHOLE]


def _arithmetic(kind: str, batch: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.payroll_arithmetic", kind, str(PEOPLE), str(batch)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(done.stderr[-2000:])
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


def _say_calculator(ours: float) -> None:
    """The same people, one by one in Decimal."""
    street = street_of(draw_batch(1, CALCULATED, changed=CALCULATED // 10))
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        pay_street(street)
        seconds.append(time.perf_counter() - begun)
    figure(
        "payroll_rate_to_decimal",
        ours=1e6 / ours,
        baseline=CALCULATED / median(seconds),
        unit="slips/s",
        baseline_is="the tests' plain-Decimal calculator; both in one process, on people drawn alike",
    )


def _say_runs(runs: list[Measured]) -> None:
    for one in runs:
        name = f"payroll_run_{one.people}"
        copied = "COPY of the same rows (slips, lines, batches, outbox) into the same tables, two connections"
        figure(f"{name}_to_copy", ours=one.sealed, baseline=one.copied, unit="s", baseline_is=copied)
    small, large = runs[0], runs[-1]
    figure(
        "payroll_run_cost_each",
        ours=large.sealed * 1e6 / large.people,
        baseline=small.sealed * 1e6 / small.people,
        unit="µs/person",
        baseline_is=f"our own at {small.people} people; ours is at {large.people}",
    )
    figure(
        "payroll_worker_peak",
        ours=large.peak_mb,
        baseline=small.peak_mb,
        unit="MB",
        baseline_is=f"our own process at {small.people} people; ours is at {large.people}, streets of the same size",
    )


def _say_coati(servers: Servers, runs: list[Measured]) -> None:
    at = {"DATABASE_URL": servers.admin_url.replace("+asyncpg", ""), "QUEUE_ENABLED": "0", "SECRET_KEY": "bench"}
    theirs = ran("coati", "payroll_coati.py", str(COATI_PEOPLE), environment=at)
    figure(
        "payroll_run_to_coati",
        ours=runs[-1].sealed * 1000 / runs[-1].people,
        baseline=theirs.seconds[-1] * 1000 / COATI_PEOPLE,
        unit="ms/person",
        baseline_is=f"coati-payroll on the same PostgreSQL, {COATI_PEOPLE} people, one process, no tax",
    )
