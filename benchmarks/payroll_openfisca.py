"""The month's withholding said in OpenFisca, as its own guide says it. Run by the Python that has it, not by ours.

`python payroll_openfisca.py IN.npz OUT.npz ROUNDS`: yuan of the year so far come in, the tax of the month goes out, and
one line of JSON says the seconds of each round and the peak memory. Each round is a simulation of its own.
"""

import json
import resource
import sys
import time
from typing import Any

import numpy as np
from openfisca_core.entities import build_entity  # type: ignore[import-not-found]
from openfisca_core.parameters import ParameterNode  # type: ignore[import-not-found]
from openfisca_core.periods import MONTH  # type: ignore[import-not-found]
from openfisca_core.simulations import SimulationBuilder  # type: ignore[import-not-found]
from openfisca_core.taxbenefitsystems import TaxBenefitSystem  # type: ignore[import-not-found]
from openfisca_core.variables import Variable  # type: ignore[import-not-found]

PERSON = build_entity(key="person", plural="persons", label="", doc="", is_person=True)
HOUSEHOLD = build_entity(
    key="household", plural="households", label="", doc="", roles=[{"key": "member", "plural": "members"}]
)
PERIOD = "2026-10"
GIVEN = ("income", "exempt", "special", "additional", "other", "relief", "withheld", "months")
BRACKETS = (
    (0, 0.03),
    (36_000, 0.10),
    (144_000, 0.20),
    (300_000, 0.25),
    (420_000, 0.30),
    (660_000, 0.35),
    (960_000, 0.45),
)


def tax_formula(person: Any, period: Any, parameters: Any) -> Any:
    basic = person("months", period) * parameters(period).basic_monthly
    deductions = sum(person(name, period) for name in ("exempt", "special", "additional", "other"))
    taxable = np.maximum(person("income", period) - deductions - basic, 0)
    tax = np.round(parameters(period).year_table.calc(taxable), 2)
    return np.maximum(np.round(tax - person("relief", period) - person("withheld", period), 2), 0)


def _variable(name: str, *, of: type, formula: Any = None) -> type:
    body = {"value_type": of, "entity": PERSON, "definition_period": MONTH, "label": name, "set_input": None}
    return type(name, (Variable,), body | ({"formula": formula} if formula else {}))


def tax_system() -> Any:
    system = TaxBenefitSystem([PERSON, HOUSEHOLD])
    since = "2019-01-01"
    brackets = [{"threshold": {since: {"value": over}}, "rate": {since: {"value": rate}}} for over, rate in BRACKETS]
    system.parameters = ParameterNode(
        "", data={"basic_monthly": {"values": {since: {"value": 5000}}}, "year_table": {"brackets": brackets}}
    )
    for name in GIVEN:
        system.add_variable(_variable(name, of=int if name == "months" else float))
    system.add_variable(_variable("tax", of=float, formula=tax_formula))
    return system


def main(given: str, answer: str, rounds: int) -> None:
    columns = dict(np.load(given))
    system = tax_system()
    seconds = []
    for _ in range(rounds):
        begun = time.perf_counter()
        simulation = SimulationBuilder().build_default_simulation(system, len(columns["income"]))
        for name in GIVEN:
            simulation.set_input(name, PERIOD, columns[name])
        tax = simulation.calculate("tax", PERIOD)
        seconds.append(time.perf_counter() - begun)
    np.savez(answer, tax=np.asarray(tax, dtype=np.float64))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_kb": peak, "type": str(tax.dtype)}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
