"""The figures that a folder of policy files brings along in `parameters/`: to be entered, and to check clauses with.

A file is a mapping: area → code → rows `{from, value, source, confidence}` in rising order, each with `staff` where it
is for one kind alone.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from common.areas import level_of
from common.policy.faults import PolicyFault, read_yaml
from common.policy.parameters import EVERYBODY, ParameterRow, Parameters, kind_of

FOLDER = "parameters"
_NEEDED = {"from", "value", "source", "confidence"}


def load_seeds(folder: Path) -> Parameters:
    """The rows of `folder/parameters`, checked against their codes. PolicyFault with every fault."""
    faults: list[str] = []
    rows = read_seeds(folder, faults)
    if faults:
        raise PolicyFault(faults)
    return Parameters(rows)


def read_seeds(folder: Path, faults: list[str]) -> list[ParameterRow]:
    rows: list[ParameterRow] = []
    for file in sorted(folder.glob(f"{FOLDER}/*.yaml")):
        name = f"{FOLDER}/{file.name}"
        try:
            content = read_yaml(file.read_text("utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
            faults.append(f"{name}: not readable YAML: {' '.join(str(error).split())}")
            continue
        if not isinstance(content, dict) or not all(isinstance(codes, dict) for codes in content.values()):
            faults.append(f"{name}: a file of parameters is a mapping: area in quotes → code → rows")
            continue
        for area, codes in content.items():
            for code, listed in codes.items():
                rows.extend(_rows(str(area), str(code), listed, f"{name}: {area or '(nation)'}: {code}", faults))
    faults.extend(_twice(rows))
    return rows


def _rows(area: str, code: str, listed: Any, where: str, faults: list[str]) -> Iterator[ParameterRow]:
    kind = kind_of(code)
    if kind is None:
        faults.append(f"{where}: no such parameter; `make rules` lists their codes")
        return
    try:
        level_of(area)
    except ValueError:
        faults.append(f'{where}: the area is an area code in quotes, or "" for the nation')
        return
    if not isinstance(listed, list) or not all(isinstance(row, dict) for row in listed):
        faults.append(f"{where}: write a list of rows {{from, value, source, confidence}}")
        return
    last: dict[str, date] = {}
    for row in listed:
        wrong = _wrong(row)
        if wrong:
            faults.append(f"{where}: {wrong}")
            continue
        staff, begins = str(row.get("staff", EVERYBODY)), row["from"]
        if staff in last and begins <= last[staff]:
            faults.append(f"{where}: from {begins}: put the days in rising order, each once")
        last[staff] = begins
        try:
            value = kind.validated(row["value"])
        except ValidationError as error:
            faults.extend(
                f"{where}: from {begins}: {'.'.join(map(str, one['loc'])) or 'value'}: "
                f"{one['msg'].removeprefix('Value error, ')}"
                for one in error.errors()
            )
            continue
        yield ParameterRow(
            parameter_id=f"{code}@{area}/{staff}/{begins}",
            code=code,
            area=area,
            staff=staff,
            starts_on=begins,
            value=value,
            source=str(row["source"]),
            confidence=str(row["confidence"]),
        )


def _wrong(row: Mapping[str, Any]) -> str | None:
    lacking = sorted(_NEEDED - row.keys())
    if lacking:
        return f"a row lacks {', '.join(lacking)}"
    unknown = sorted(row.keys() - _NEEDED - {"staff"})
    if unknown:
        return f"unknown key {unknown[0]!r} beside from, value, source, confidence, staff"
    if not isinstance(row["from"], date):
        return f"from: {row['from']!r} is not a day; write YYYY-MM-DD without quotes"
    if row["confidence"] not in ("H", "M", "L"):
        return f"from {row['from']}: confidence is H, M or L"
    return None if str(row["source"]).strip() else f"from {row['from']}: name the source"


def _twice(rows: list[ParameterRow]) -> Iterator[str]:
    seen: set[str] = set()
    for row in rows:
        if row.parameter_id in seen:
            area = row.area or "(nation)"
            yield f"{FOLDER}: {area}: {row.code}: from {row.starts_on}: stands twice for the same staff"
        seen.add(row.parameter_id)
