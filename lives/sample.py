"""Sample counties from the real administrative divisions: their streets and communities become organisations."""

import csv
from pathlib import Path

from lives.teller import Person, Teller

DIVISIONS = Path(__file__).resolve().parents[1] / "data" / "divisions"
COUNTIES = {"320102": "32", "420103": "42", "220102": "22"}


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
