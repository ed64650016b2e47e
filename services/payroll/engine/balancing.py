"""Where pay does not cover what it has to: the employer lays it out, the worker owes it, later pay gives it back."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from common.policy import Finding
from payroll.engine import findings
from payroll.engine.answers import terms_of
from payroll.engine.columns import Bool, Int
from payroll.engine.layout import ADVANCED, BONUS_TAX, DEDUCTIONS, RECOVERED, REPAID, TAX, WRITTEN_OFF
from payroll.engine.pooling import Piece
from payroll.engine.sheet import Sheet, sum_of
from payroll.rules.arithmetic import zeros
from payroll.rules.checks import OWED, DeductionLimits, deduction_limit

RULE = "pay.deduction_limits"


@dataclass(frozen=True)
class Account:
    """A month, in fen, before anything is advanced. `late_earned`, `late_own`: differences of earlier months.

    `net` is what all deductions leave of `gross`; `owed` what the worker owed before this slip, without what was
    `repaid` or `written_off` since the last one.
    """

    gross: Int
    net: Int
    late_earned: Int | None
    late_own: Int | None
    owed: Int
    repaid: Int
    written_off: Int


def balance(piece: Piece, account: Account, floor: Callable[[], Int | None]) -> Int:
    """What is paid out. Contributions and what is taken back for earlier months may be advanced, nothing else.

    Whom pay without what is taken back leaves too little for tax and what was entered is set aside.
    """
    sheet = piece.sheet
    for code in (ADVANCED, RECOVERED):
        sheet.lines.pop(code, None)
    for code, settled in ((REPAID, account.repaid), (WRITTEN_OFF, account.written_off)):
        if settled.any():
            sheet.lines[code] = settled
    net, back = account.net, _taken_back(account)
    if back is None and not account.owed.any() and not (net < 0).any():
        return net
    back = zeros(sheet.size) if back is None else back
    taken = sum_of([sheet.lines[code] for code in sheet.lines if _is_other(code)], sheet.size)
    gross = account.gross
    sheet.find_next(
        taken > np.maximum(net + back + taken, 0),
        lambda row: findings.net_below_zero(int(gross[row]), int(gross[row] - net[row])),
        "pay.composition",
    )
    most = _most_back(sheet, account, floor)
    advanced = -net if most is None else np.maximum(back - most, -net)
    advanced = np.maximum(advanced, 0)
    net = net + advanced
    room = net if most is None else np.minimum(most - back, net)
    recovered = np.maximum(np.minimum(account.owed, room), 0)
    sheet.lines[ADVANCED] = -advanced
    sheet.lines[RECOVERED] = recovered
    return net - recovered


def _is_other(code: str) -> bool:
    """Tax and what was entered to be taken off: nobody advances it."""
    return code in (TAX, BONUS_TAX) or code.startswith(DEDUCTIONS)


def _taken_back(account: Account) -> Int | None:
    """What earlier months were overpaid, less the contributions that come back with it; None where nobody was."""
    if account.late_earned is None or account.late_own is None:
        return None
    back = np.maximum(np.minimum(account.late_own, 0) - account.late_earned, 0)
    return back if back.any() else None


def _most_back(sheet: Sheet, account: Account, floor: Callable[[], Int | None]) -> Int | None:
    """The most that a month gives back, together with entered deductions that have a limit; None without a limit."""
    terms = terms_of(sheet.answers, RULE, DeductionLimits)
    limit = terms.limit_of(OWED) if terms else None
    if terms is None or limit is None:
        return None
    gross = account.gross
    if account.late_earned is not None:
        gross = gross - account.late_earned
    most = deduction_limit(limit, gross, floor() if limit.keeps_floor else None)
    for code in terms.limits:
        if DEDUCTIONS + code in sheet.lines:
            most = most - sheet.lines[DEDUCTIONS + code]
    return np.maximum(most, 0)


def look(sheet: Sheet, gross: Int) -> None:
    """Somebody should see who is advanced something: a wrong day or base looks the same."""
    advanced = sheet.lines.get(ADVANCED)
    if advanced is not None:
        sheet.find_next(advanced < 0, partial(_advanced, gross, advanced), RULE, blocks=False)


def _advanced(gross: Int, advanced: Int, row: int) -> Finding:
    return findings.advanced(int(gross[row]), -int(advanced[row]))


def is_empty(sheet: Sheet, late: Int) -> Bool | None:
    """Who is not here for the period and has no line but a note: no slip is made. `late`: the slips that have
    differences.
    """
    if sheet.present is None:
        return None
    empty = ~sheet.present
    for code, amounts in sheet.lines.items():
        if code not in (REPAID, WRITTEN_OFF):
            empty &= amounts == 0
    mine = late[(late >= sheet.offset) & (late < sheet.offset + sheet.size)] - sheet.offset
    empty[mine] = False
    return empty
