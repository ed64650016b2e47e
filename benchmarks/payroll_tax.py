"""The withholding of a month for many people, by our rule and by OpenFisca."""

import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import figure, median, say
from benchmarks.payroll_columns import TAX_PLACE, draw_batch
from benchmarks.payroll_outside import ran
from payroll.engine.columns import Batch
from payroll.rules.tax import CumulativeWithholding, SoFar, withhold
from payroll.tests.oracle.calculator import withhold as decimal_withhold
from payroll.tests.oracle.records import NOTHING, YearSoFar

TAXED = 1_000_000
CHECKED = 50_000


def say_openfisca() -> None:
    """The withholding of a month, and how many of the answers are a fen or more beside the exact ones."""
    batch = draw_batch(2, TAXED, changed=0)
    year, terms = batch.year, TAX_PLACE["tax.cumulative_withholding"]
    columns = {name: getattr(year, name) for name in ("exempt", "additional", "other", "relief", "withheld")}
    columns["income"], columns["special"] = year.income + 8_000_00, year.special + 1_480_00
    given = CumulativeWithholding.model_validate(terms)
    with tempfile.TemporaryDirectory(prefix="benchmark-tax-") as name:
        folder = Path(name)
        yuan = {code: amounts / 100 for code, amounts in columns.items()}
        np.savez(folder / "in.npz", months=year.months, **yuan)
        theirs = ran("openfisca", "payroll_openfisca.py", str(folder / "in.npz"), str(folder / "out.npz"), "5")
        ours = []
        for _ in range(5):
            begun = time.perf_counter()
            found = withhold(given, year.months, SoFar(**columns))
            ours.append(time.perf_counter() - begun)
        answers = np.rint(np.load(folder / "out.npz")["tax"][:CHECKED] * 100).astype(np.int64)
    words = "openfisca-core, its own formula with a marginal scale, in the 32-bit floats that it keeps"
    rate = TAXED / median(theirs.seconds)
    figure("payroll_tax_to_openfisca", ours=TAXED / median(ours), baseline=rate, unit="people/s", baseline_is=words)
    exact = _exact(batch, columns)
    apart = np.abs(answers - exact)
    say(f"  openfisca-core: {np.count_nonzero(apart)} of {CHECKED} are not exact, by up to {apart.max()} fen")
    figure(
        "payroll_tax_inexact",
        ours=int(np.count_nonzero(found.withhold[:CHECKED] - exact)),
        baseline=int(np.count_nonzero(apart)),
        unit=f"of {CHECKED} answers a fen or more beside Decimal's",
        baseline_is=words,
    )


def _exact(batch: Batch, columns: dict[str, Any]) -> Any:
    terms = TAX_PLACE["tax.cumulative_withholding"]
    nothing = dict.fromkeys((*columns, "withheld"), NOTHING)
    found = []
    for person in range(CHECKED):
        so_far: dict[str, Any] = {name: Decimal(int(amounts[person])).scaleb(-2) for name, amounts in columns.items()}
        months = int(batch.year.months[person])
        found.append(decimal_withhold(terms, year=YearSoFar(months, **so_far), months=months, month=nothing).now)
    return np.array([int(one * 100) for one in found])
