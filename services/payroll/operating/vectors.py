"""`python -m payroll vectors FILE`: an accountant's worked examples, held against the rules and the policy files.

Each example is put to the rules as a run or an office would put it, and every figure it states is compared. Exits
with 0 when all agree, 1 when a figure disagrees or no clause answers, 2 when the file, or an example in it, cannot be
read, or is of a kind not known here (it is named). A disagreement goes first.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from common.clock import today
from common.policy import NoClause, NotChosen, ParameterMissing, load_policies, load_seeds
from common.policy.__main__ import POLICIES, import_all_rules
from common.policy.faults import PolicyFault
from common.settings import Settings
from payroll.operating import law_kinds, tax_kinds
from payroll.operating.comparing import Desk, Disagreement, Given, differences
from payroll.operating.examples import EXPLANATIONS, Unreadable, Vector, read_vectors

Kind = tuple[type[Given], Callable[[Desk, Any], Any]]


@dataclass
class Report:
    compared: int = 0
    disagreements: list[tuple[Vector, Disagreement]] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    unknown: list[Vector] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        if self.disagreements:
            return 1
        return 2 if self.unreadable or self.unknown else 0


def hold(vectors: Sequence[Vector], desk: Desk) -> Report:
    """Every vector against the rules; what cannot be compared is kept apart, never passed over."""
    report = Report()
    for vector in vectors:
        kind = kind_of(vector)
        if kind is None:
            report.unknown.append(vector)
            continue
        try:
            found = _compare(vector, kind, desk)
        except Unreadable as fault:
            report.unreadable.append(fault)
            continue
        report.compared += 1
        report.disagreements += [(vector, one) for one in found]
    return report


def kind_of(vector: Vector) -> Kind | None:
    kinds: dict[str, Any] = law_kinds.KINDS if vector.expected is None else tax_kinds.KINDS
    return kinds.get(vector.kind)


def _compare(vector: Vector, kind: Kind, desk: Desk) -> list[Disagreement]:
    try:
        stated, ours = answer_to(vector, kind, desk)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join([vector.where, *(str(part) for part in fault["loc"])])
        raise Unreadable(place, zh="算例的已知数有误", en=fault["msg"]) from None
    except ArithmeticError as error:
        raise Unreadable(vector.where, zh="算例的已知数大得算不了", en=str(error)) from None
    except (NoClause, NotChosen) as missing:
        return [Disagreement("", "有数 (figures)", f"{missing.zh} ({missing.en})", missing.rule)]
    except ParameterMissing as missing:
        return [Disagreement("", "有数 (figures)", f"{missing.zh} ({missing.en})", missing.code)]
    return list(differences(stated, ours, where=vector.where))


def answer_to(vector: Vector, kind: Kind, desk: Desk) -> tuple[dict[str, Any], Any]:
    """What the example states, and the same figures as the rules answer them."""
    model, answer = kind
    inputs, stated = _told_apart(vector, model)
    if not stated:
        raise Unreadable(vector.where, zh="没有可核对的数", en="it states nothing to compare")
    return stated, answer(desk, model.of(inputs, stated))


def _told_apart(vector: Vector, model: type[Given]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is given and what is stated. A row that has both side by side is divided by what its kind takes."""
    if vector.expected is not None:
        return vector.inputs, vector.expected
    stated = {
        key: value for key, value in vector.inputs.items() if key not in model.model_fields and key not in EXPLANATIONS
    }
    if model.model_config.get("extra") == "allow":
        return vector.inputs, stated
    return {key: value for key, value in vector.inputs.items() if key in model.model_fields}, stated


def lines_of(report: Report) -> list[str]:
    lines = []
    for vector, one in report.disagreements:
        lines.append(f"✗ {vector.name} {vector.title}".rstrip())
        where = one.place or vector.kind
        lines.append(f"    {where}：算例为 (stated) {one.stated}，规则得 (ours) {one.ours}")
        lines.append(f"    依据 (decided by)：{one.by}")
    lines += [f"? {fault}" for fault in report.unreadable]
    lines += [
        f"? {vector.name} {vector.title}：不认识的种类，没有核对 (a kind not known here, not compared)：{vector.kind}"
        for vector in report.unknown
    ]
    counted = [f"核对 {report.compared} 例 (compared)", f"不符 {len(report.disagreements)} 处 (disagreements)"]
    if report.unreadable:
        counted.append(f"读不了 {len(report.unreadable)} 处 (unreadable)")
    if report.unknown:
        kinds = sorted({vector.kind for vector in report.unknown})
        counted.append(f"不认识的种类 {len(kinds)} 种 (unknown kinds): {', '.join(kinds)}")
    return [*lines, f"{'✓' if report.exit_code == 0 else '✗'} {'，'.join(counted)}"]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m payroll vectors", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="算例文件 the file of examples (JSON)")
    parser.add_argument("--on", type=date.fromisoformat, help="按哪一天有效的条款 clauses in force on (今天 today)")
    parser.add_argument("--area", default="", help="地区代码 area code (全国 the whole nation)")
    parser.add_argument("--staff", default="labour_contract", help="人员类别 kind of staff (有劳动合同的 any employee)")
    parser.add_argument("--policies", type=Path, default=POLICIES, help="条款文件夹 folder of policy files")
    given = parser.parse_args(arguments)
    try:
        vectors = read_vectors(given.file)
        import_all_rules()
        policies = load_policies(given.policies, strict=True)
        figures = load_seeds(given.policies)
    except (Unreadable, PolicyFault) as fault:
        sys.stderr.write(f"✗ {fault}\n")
        return 2
    report = hold(vectors, Desk(policies, given.area, given.staff, given.on or today(Settings()), figures))
    sys.stdout.write("\n".join(lines_of(report)) + "\n")
    return report.exit_code
