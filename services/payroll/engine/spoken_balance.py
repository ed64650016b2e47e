"""The words for what an employer lays out, gets back from pay, or is paid back."""

from payroll.engine.answers import terms_of
from payroll.engine.columns import Answers
from payroll.engine.layout import ADVANCED, RECOVERED, REPAID
from payroll.engine.spoken_earnings import Said
from payroll.rules.arithmetic import yuan
from payroll.rules.checks import OWED, DeductionLimits


def said_of_balance(answers: Answers, code: str, amount: int, *, owed: int, gross: int) -> Said:
    """`owed` before this slip, `gross` pay of it."""
    if code == ADVANCED:
        return _said_of_advance(-amount, owed=owed, gross=gross)
    if code == RECOVERED:
        left = yuan(owed - amount)
        zh = f"此前单位垫付、个人待还{yuan(owed)}元，本月扣回{yuan(amount)}元{_bounds(answers)}，尚欠{left}元"
        return Said(zh, {"owed_before": str(yuan(owed)), "owed_after": str(left)})
    return _said_of_settled(code, amount, owed=owed)


def _said_of_advance(amount: int, *, owed: int, gross: int) -> Said:
    after = yuan(owed + amount)
    zh = (
        f"应发{yuan(gross)}元，个人缴费和扣回的以前月份工资中有{yuan(amount)}元本月不足扣或不得再扣，"
        f"由单位垫付，不计收入，以后从工资中扣回；累计待还{after}元"
    )
    return Said(zh, {"gross": str(yuan(gross)), "owed_before": str(yuan(owed)), "owed_after": str(after)})


def _said_of_settled(code: str, amount: int, *, owed: int) -> Said:
    """`owed` without it already."""
    settled, left = yuan(amount), yuan(owed)
    if code == REPAID:
        zh = f"本人已交回单位垫付款{settled}元，交回后待还{left}元，不影响本月应发和实发"
    else:
        zh = f"单位已核销垫付款{settled}元，由单位承担、不再扣回，核销后待还{left}元，不计入本月应发"
    return Said(zh, {code: str(settled), "owed_after": str(left)})


def _bounds(answers: Answers) -> str:
    terms = terms_of(answers, "pay.deduction_limits", DeductionLimits)
    limit = terms.limit_of(OWED) if terms else None
    if limit is None:
        return ""
    floor = "，且余额不低于最低工资" if limit.keeps_floor else ""
    return f"（不超过应发×{limit.share}{floor}）"
