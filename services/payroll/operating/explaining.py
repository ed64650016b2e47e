"""Where an old payroll sheet and our slips differ, and why: a reason that gives the old figure to the fen, or none."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal

import numpy as np

from common.money import in_yuan, whole_fen
from payroll.engine.columns import Batch, Int, Results
from payroll.operating.old_sheet import OldRow, SheetMap
from payroll.operating.suppositions import Amounts, Supposition, amounts_of, of_pay_and_contributions, of_tax
from payroll.rules.contributions import ContributionSchemes, Scheme

UNEXPLAINED = "unexplained"
FOLLOWS = "follows"
_UNITS = (10, 100)  # fen: what old sheets round to, ten fen or a yuan
_WAYS = (ROUND_HALF_UP, ROUND_UP, ROUND_DOWN)


@dataclass(frozen=True)
class Difference:
    """Of one person in one column, in fen. `reason` is a code, `zh` says it; `formula` is how our figure came about."""

    worker_id: str
    row: int
    heading: str
    codes: tuple[str, ...]
    theirs: int
    ours: int
    reason: str
    zh: str
    formula: str = ""

    @property
    def explained(self) -> bool:
        return self.reason != UNEXPLAINED


def differences(batch: Batch, results: Results, rows: Mapping[int, OldRow], known: SheetMap) -> list[Difference]:
    """`rows`: by the place of the slip in the batch."""
    comparison = _Comparison(batch, results, rows, known)
    return [difference for place in sorted(rows) for difference in comparison.of_person(place)]


class _Comparison:
    def __init__(self, batch: Batch, results: Results, rows: Mapping[int, OldRow], known: SheetMap) -> None:
        self.batch, self.results, self.rows, self.known = batch, results, rows, known
        self.ours = amounts_of(results)
        self.kinds = {line.code: line.kind for line in results.layout}
        self.headings = sorted(known.columns, key=known.place)
        suppositions = list(of_pay_and_contributions(batch, results))
        self.suppositions: dict[bool, list[Supposition]] = {False: suppositions, True: self._of_tax() + suppositions}

    def _of_tax(self) -> list[Supposition]:
        return list(
            of_tax(
                self.batch,
                more_income=self._more("earning", "gross"),
                more_special=self._more("deduction", "contributions"),
            )
        )

    def _more(self, kind: str, total: str) -> Int:
        """By how much the old sheet's earnings (or own contributions) are higher, for each slip."""
        more = np.zeros(self.batch.inputs.size, dtype=np.int64)
        for place, row in self.rows.items():
            parts = [
                row.amounts[heading] - self.amount(self.ours, heading, place)
                for heading in self.headings
                if self._is_part(heading, kind, contributions=total == "contributions")
            ]
            of_total = [heading for heading in self.headings if self.known.codes(heading) == (total,)]
            if of_total and not parts:
                parts = [row.amounts[of_total[0]] - self.amount(self.ours, of_total[0], place)]
            more[place] = sum(parts)
        return more

    def _is_part(self, heading: str, kind: str, *, contributions: bool = False) -> bool:
        codes = self.known.codes(heading)
        if self.known.place(heading) or any(self.kinds.get(code) != kind for code in codes):
            return False
        return not contributions or all(code.endswith("_worker") for code in codes)

    def amount(self, amounts: Amounts, heading: str, place: int) -> int:
        return sum(int(amounts[code][place]) for code in self.known.codes(heading) if code in amounts)

    def of_person(self, place: int) -> Iterator[Difference]:
        row = self.rows[place]
        found: list[Difference] = []
        for heading in self.headings:
            ours, theirs = self.amount(self.ours, heading, place), row.amounts[heading]
            if ours == theirs:
                continue
            reason, zh = self._reason(place, row, heading, found)
            found.append(
                Difference(
                    worker_id=self.batch.inputs.worker_ids[place],
                    row=row.number,
                    heading=heading,
                    codes=self.known.codes(heading),
                    theirs=theirs,
                    ours=ours,
                    reason=reason,
                    zh=zh,
                )
            )
        yield from found

    def _reason(self, place: int, row: OldRow, heading: str, so_far: Sequence[Difference]) -> tuple[str, str]:
        if self.known.place(heading) and self.known.codes(heading) != ("tax",):
            return self._of_total(place, row, heading, so_far)
        theirs, ours = row.amounts[heading], self.amount(self.ours, heading, place)
        for one in self.suppositions[self.known.codes(heading) == ("tax",)]:
            if self.amount(one.amounts, heading, place) == theirs:
                return one.code, one.zh or "由应发、个人缴费的差异引起"
        return (
            self._by_other_base(row, heading)
            or _by_rounding(theirs, ours)
            or (UNEXPLAINED, "未能解释，请查明旧表的算法")
        )

    def _of_total(self, place: int, row: OldRow, heading: str, so_far: Sequence[Difference]) -> tuple[str, str]:
        """A total differs by what its parts differ by, and each of them is told by itself."""
        [total] = self.known.codes(heading)
        more = row.amounts[heading] - self.amount(self.ours, heading, place)
        parts = [one for one in so_far if self._sign(total, one)]
        if parts and more == sum(self._sign(total, one) * (one.theirs - one.ours) for one in parts):
            return FOLLOWS, f"由{'、'.join(one.heading for one in parts)}的差异引起"
        return UNEXPLAINED, "合计与各项之差不符，旧表可能另有未列出的项目"

    def _sign(self, total: str, one: Difference) -> int:
        """How a column goes into a total: 1, -1, or 0 for not at all."""
        kinds = {self.kinds.get(code) for code in one.codes}
        earning, deduction, employer = kinds == {"earning"}, kinds == {"deduction"}, kinds == {"employer"}
        if total == "gross":
            return int(earning)
        if total == "employer_contributions":
            return int(employer)
        own = deduction and all(code.endswith("_worker") for code in one.codes)
        return int(own) if total == "contributions" else int(earning) - int(deduction)

    def _by_other_base(self, row: OldRow, heading: str) -> tuple[str, str] | None:
        """Two or more columns of contributions that come out of one other base, each to its last unit."""
        sides = [side for one in self.headings if (side := self._side(row, one)) is not None]
        mine = next((side for side in sides if side.heading == heading), None)
        if mine is None:
            return None
        widest = max(sides, key=lambda side: side.rate)
        candidates = {side.implied for side in (mine, widest) if side.rate}
        for base in candidates:
            fitting = [side for side in sides if side.fits(base)]
            if mine in fitting and len(fitting) > 1:
                columns = "、".join(side.heading for side in fitting)
                return "base", f"旧表缴费基数约为 {in_yuan(base)} 元（{columns}相互印证）"
        return None

    def _side(self, row: OldRow, heading: str) -> "_Side | None":
        codes = self.known.codes(heading)
        spoken = self.batch.answers.get("contributions.amounts")
        if len(codes) != 1 or spoken is None or not isinstance(spoken.terms, ContributionSchemes):
            return None
        for scheme in spoken.terms.schemes:
            if codes[0] == f"{scheme.scheme}_worker":
                return _Side(heading, scheme, scheme.worker, whole_fen(scheme.worker_fixed), row.amounts[heading])
            if codes[0] == f"{scheme.scheme}_employer":
                return _Side(heading, scheme, scheme.employer, 0, row.amounts[heading])
        return None


@dataclass(frozen=True)
class _Side:
    """One side's contribution to a scheme as the old sheet has it, in fen."""

    heading: str
    scheme: Scheme
    rate: Decimal
    fixed: int
    theirs: int

    @property
    def implied(self) -> int:
        return int(((self.theirs - self.fixed) / self.rate).quantize(Decimal(1), rounding=ROUND_HALF_UP))

    def fits(self, base: int) -> bool:
        if not self.rate:
            return False
        owed = whole_fen(self.scheme.amount(in_yuan(base), self.rate)) + self.fixed
        return self.theirs > 0 and abs(owed - self.theirs) <= whole_fen(self.scheme.unit)


def _by_rounding(theirs: int, ours: int) -> tuple[str, str] | None:
    if abs(theirs - ours) == 1:
        return "rounding", "尾差一分"
    for unit in _UNITS:
        for way in _WAYS:
            if theirs == int((Decimal(ours) / unit).quantize(Decimal(1), rounding=way)) * unit:
                return "rounding", f"旧表取整到 {in_yuan(unit)} 元"
    return None
