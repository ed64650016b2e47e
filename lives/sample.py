"""Sample figures and offices: the seeds of payroll checked, and the streets of counties from the real divisions."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.embedded.platform import Platform
from common.policy.__main__ import POLICIES
from lives.teller import Person, Teller

DIVISIONS = Path(__file__).resolve().parents[1] / "data" / "divisions"
COUNTIES = {"320102": "32", "420103": "42", "220102": "22"}

LOADER = "sample-loader"
ENTERING = Person("示例参数录入员", "sample-figures", ("finance",), "")
CHECKING = Person("示例参数复核员", "sample-figures-checker", ("finance",), "")
SETTLED_ON = "2026-08-03"


def load_figures(platform: Platform, say: Callable[[str], None], *, folder: Path = POLICIES) -> None:
    """What comes with a folder of policy files, entered as an operator does it; nothing that is there already."""
    say(platform.operate("payroll", "parameters", "load", str(folder), "--account", LOADER).splitlines()[0])


def check_figures(teller: Teller) -> int:
    """A person checks what is sure; what is not is entered anew with an example's source, and checked as well.

    Returns how many figures came from an example's source.
    """
    teller.today(SETTLED_ON)
    rows = sorted(_loaded(teller), key=lambda row: row["parameter_id"])
    sure = [row["parameter_id"] for row in rows if row["confidence"] != "L"]
    teller.loads(CHECKING, "/parameter-checks", {"parameter_ids": sure, "on": SETTLED_ON})
    proposed = [row for row in rows if row["confidence"] == "L"]
    entered = [_enter_again(teller, row) for row in proposed]
    if entered:
        teller.loads(CHECKING, "/parameter-checks", {"parameter_ids": entered, "on": SETTLED_ON})
    return len(entered)


def _loaded(teller: Teller) -> list[dict[str, Any]]:
    """Every row of the loader, whatever has become of it."""
    rows, cursor = [], ""
    while True:
        page = teller.reads(CHECKING, f"/v1/parameters?limit=200{cursor}")
        rows += [row for row in page["items"] if row["entered_by"].endswith(LOADER)]
        if page["next"] is None:
            return rows
        cursor = f"&cursor={page['next']}"


def _enter_again(teller: Teller, row: dict[str, Any]) -> str:
    said = {name: row[name] for name in ("code", "area", "staff", "starts_on", "value")}
    source = f"示例（非官方文件）：{row['source']}"
    body = {**said, "source": source, "confidence": "M", "on": SETTLED_ON}
    parameter_id: str = teller.loads(ENTERING, "/parameters", body)["parameter_id"]
    return parameter_id


def load(teller: Teller) -> int:
    """Register the street offices of the sample counties; returns how many."""
    loaded = 0
    for county, province in COUNTIES.items():
        clerk = Person(f"{county} 登记员", f"registrar-{county}", ("lead_department",), county)
        with (DIVISIONS / f"{province}.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["parent"] != county:
                    continue
                organisation = {
                    "organisation_id": f"office-{row['code']}",
                    "name": f"{row['name']}办事处",
                    "kind": "street_office",
                    "area": row["code"],
                }
                teller.loads(clerk, "/organisations", organisation)
                loaded += 1
    return loaded
