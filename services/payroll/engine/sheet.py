"""The sheet of a street while it is worked out: its lines as columns, and what was found on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from common.policy import Finding
from payroll.engine.columns import Answers, Bool, Found, Int
from payroll.rules.arithmetic import zeros


@dataclass
class Sheet:
    """A piece of a street: rows from `offset` on. `stopped`: rows that cannot be paid; `found` says why.

    `owed`: by scheme, who is in it; None for everybody.
    """

    size: int
    offset: int
    period: str
    answers: Answers
    present: Bool | None  # None: everybody is
    stopped: Bool = field(init=False)
    lines: dict[str, Int] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)
    owed: dict[str, Bool | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stopped = np.zeros(self.size, dtype=bool)

    def put(self, code: str, amounts: Int) -> None:
        """A line; whoever is not here for the period has none."""
        if self.present is not None:
            amounts = amounts * self.present
        self.lines[code] = amounts

    def total(self, codes: Callable[[str], bool]) -> Int:
        return sum_of([amounts for code, amounts in self.lines.items() if codes(code)], self.size)

    def find(self, rows: Bool, finding: Callable[[int], Finding], rule: str, *, blocks: bool = True) -> None:
        """Say it of each of these rows that is here, whatever else was found; a blocking finding stops it."""
        self._say(rows if self.present is None else rows & self.present, finding, rule, blocks=blocks)

    def find_next(self, rows: Bool, finding: Callable[[int], Finding], rule: str, *, blocks: bool = True) -> None:
        """Of rows that nothing has stopped yet; of whoever only has differences coming as well."""
        if rows.any():
            self._say(rows & ~self.stopped, finding, rule, blocks=blocks)

    def _say(self, rows: Bool, finding: Callable[[int], Finding], rule: str, *, blocks: bool) -> None:
        if not rows.any():
            return
        spoken = self.answers.get(rule)
        for row in np.flatnonzero(rows).tolist():
            said = finding(row)
            self.found.append(
                Found(
                    slip=self.offset + row,
                    period=self.period,
                    code=said.code,
                    zh=said.zh,
                    en=said.en,
                    rule=rule,
                    clause=spoken.clause if spoken else None,
                    blocks=blocks,
                )
            )
        if blocks:
            self.stopped |= rows


def sum_of(columns: list[Int], size: int) -> Int:
    if not columns:
        return zeros(size)
    if len(columns) == 1:
        return columns[0]
    total = columns[0] + columns[1]
    for column in columns[2:]:
        total += column
    return total


def always(finding: Callable[[], Finding]) -> Callable[[int], Finding]:
    """The same words for every row, made once and only where they are said."""
    words = cache(finding)
    return lambda _: words()
