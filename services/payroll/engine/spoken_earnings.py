"""The words for what is earned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from common.words import word
from payroll.engine.answers import terms_of
from payroll.engine.columns import ABSENT, Answers, Inputs, Pool
from payroll.engine.earning import held_of
from payroll.engine.presence import presence_of, weekdays_of
from payroll.rules.arithmetic import yuan
from payroll.rules.composition import OF_OTHERS, OF_STANDARD, YEARS, Component, ComponentKind, PayComposition
from payroll.rules.hours import OvertimeDay, OvertimePay, UnusedLeavePay
from payroll.rules.leave import LeavePay
from payroll.rules.monthly import HUNDREDTHS, monthly_amounts
from payroll.rules.pay import PartialMonth, PartOfMonth, ProbationPay


@dataclass(frozen=True)
class Said:
    zh: str
    inputs: Mapping[str, Any]


def said_of_component(
    inputs: Inputs, answers: Answers, one: Component, amount: int, pool: Pool | None, slip: int
) -> Said:
    """`inputs` are cut to the one slip."""
    if one.kind.is_pooled:
        return _of_pool(pool, slip)
    if one.kind is ComponentKind.ENTERED:
        return Said(f"本月填报{yuan(amount)}元", {one.entry_code: str(yuan(amount))})
    if one.kind is ComponentKind.HOURLY:
        hours = _hundredths(inputs.entered["hours"][0])
        return Said(f"每小时{one.rate}元×{hours}小时", {"hours": hours, "rate": str(one.rate)})
    composition = terms_of(answers, "pay.composition", PayComposition)
    assert composition is not None  # noqa: S101  # it has the component
    labels = {component.component: component.label_zh for component in composition.components}
    monthly = monthly_amounts(composition, held_of(inputs, answers, composition)).amounts[one.component]
    by_stretch = [
        f"{_by_the_month(inputs, one, at, labels)}，每月{yuan(monthly[at])}元" for at in range(len(inputs.slip))
    ]
    distinct = list(dict.fromkeys(by_stretch))
    if len(distinct) == 1:
        words = distinct[0]
    else:
        words = "；".join(
            f"{int(inputs.first_day[at])}日至{int(inputs.last_day[at])}日{said}" for at, said in enumerate(by_stretch)
        )
    part = _part(inputs, answers) if one.prorated else ""
    cut = _probation(inputs, answers, one)
    return Said(f"{words}{cut}{part}", _facts(inputs, one))


def _of_pool(pool: Pool | None, slip: int) -> Said:
    if pool is None:
        return Said("本街道没有可分配的绩效总额", {})
    at = int(np.flatnonzero(pool.slips == slip)[0])
    total, mine, score = int(pool.brought_in.sum()), int(pool.brought_in[at]), _hundredths(pool.scores[at])
    everybody = _hundredths(pool.scores.sum())
    return Said(
        f"{pool.area}绩效总额{yuan(total)}元（共{len(pool.slips)}人，本人计入{yuan(mine)}元），"
        f"按考核得分分配：本人{score}分，合计{everybody}分",
        {"pool": str(yuan(total)), "brought_in": str(yuan(mine)), "score": score, "scores": everybody},
    )


def _by_the_month(inputs: Inputs, one: Component, at: int, labels: Mapping[str, str]) -> str:
    """What the whole month's amount is by, for one stretch."""
    others = "、".join(labels[code] for code in one.of)
    if one.kind in OF_STANDARD:
        standard = int(inputs.standard[at])
        source = _word(inputs.standard_source.codes, inputs.standard_source.words, at)
        name = "协议约定工资" if source == "agreement" else f"薪酬标准（{source}）"
        share = "" if one.share == 1 else f"的{_percent(one.share)}"
        return f"{name}{yuan(0 if standard == ABSENT else standard)}元{share}"
    if one.kind in OF_OTHERS:
        return f"{others}合计的{_percent(one.share)}"
    if one.kind is ComponentKind.BY_TABLE:
        return f"按{'、'.join(word(_key(inputs, key, at)) for key in one.keys)}，查金额表"
    if one.kind is ComponentKind.PER_YEAR:
        most = f"，最多计{one.most_years}年" if one.most_years else ""
        return f"工作满{int(inputs.years[at])}年，每满一年{one.amount}元{most}"
    if one.kind is ComponentKind.CERTIFICATE_ALLOWANCE:
        return f"持{word(_key(inputs, 'certificate', at))}证书的每月补贴"
    if one.kind is ComponentKind.FLOOR_OF:
        return f"{others}合计不足{one.amount}元的部分补足"
    if one.kind is ComponentKind.CEILING_OF:
        return f"{others}合计超过{one.amount}元的部分扣减"
    kept = inputs.entered.get("kept_level")
    before = ABSENT if kept is None else int(kept[0])
    return f"原月工资{yuan(0 if before == ABSENT else before)}元，各项合计不足的部分补足，不予下调"


def _facts(inputs: Inputs, one: Component) -> dict[str, Any]:
    last = len(inputs.slip) - 1
    if last < 0:
        return {}
    if one.kind in OF_STANDARD:
        return {
            "standard": [str(yuan(amount)) for amount in inputs.standard.tolist()],
            "standard_source": _word(inputs.standard_source.codes, inputs.standard_source.words, last),
            "share": str(one.share),
        }
    facts: dict[str, Any] = {key: _key(inputs, key, last) for key in one.keys}
    if one.kind is ComponentKind.PER_YEAR:
        facts |= {"years": int(inputs.years[last]), "amount": str(one.amount)}
    if one.kind is ComponentKind.CERTIFICATE_ALLOWANCE:
        facts["certificate"] = _key(inputs, "certificate", last)
    return facts


def _key(inputs: Inputs, key: str, at: int) -> str:
    if key == YEARS:
        return f"{int(inputs.years[at])}年"
    coded = inputs.keys.get(key)
    return "（空）" if coded is None else _word(coded.codes, coded.words, at)


def _word(codes: Any, words: tuple[str, ...], at: int) -> str:
    code = int(codes[at])
    return "（空）" if code < 0 else words[code]


def _part(inputs: Inputs, answers: Answers) -> str:
    presence = presence_of(inputs, answers)
    terms = terms_of(answers, "pay.partial_month", PartialMonth)
    if presence.odd is None or terms is None:
        return ""
    absent = sum(int(days[0]) for _, days in presence.reduced.values())
    paid = int(weekdays_of(inputs)[0]) - absent
    if terms.method is PartOfMonth.BY_CALENDAR_DAYS:
        words = f"在岗{int(inputs.days.sum())}天，按当月{inputs.month_days}天折算"
    elif terms.method is PartOfMonth.BY_WORKING_DAYS or (absent == 0 and inputs.days.sum() == inputs.month_days):
        words = f"计薪{paid}天，按当月{inputs.month_weekdays}个计薪日折算"
    else:
        words = f"计薪{paid}天，按月计薪{terms.paid_days}天折算，至多为整月"
    return f"，{words}" + (f"（已扣除不按出勤计薪的假期{absent}天）" if absent else "")


def _probation(inputs: Inputs, answers: Answers, one: Component) -> str:
    terms = terms_of(answers, "pay.probation", ProbationPay)
    if terms is None or terms.share == 1 or not inputs.probation[0] or not one.is_basic:
        return ""
    return f"，试用期按{_percent(terms.share)}"


def said_of_leave(inputs: Inputs, answers: Answers, kind: str, name: str) -> Said:
    terms = terms_of(answers, "leave.pay", LeavePay)
    paid = terms.kinds.get(kind) if terms else None
    days = int(inputs.leave[kind][0])
    facts = {"kind": kind, "days": days}
    if paid is None:
        return Said(f"{name}{days}天，按正常出勤计发", facts)
    if paid.by_fund:
        return Said(f"{name}{days}天，由基金支付津贴，单位补足与本人工资的差额", facts)
    floor = f"，不低于最低工资的{_percent(paid.floor_share)}" if paid.floor_share is not None else ""
    return Said(f"{name}{days}天，按这些天本应得基本工资的{_percent(paid.share)}计发{floor}", facts)


def said_of_overtime(inputs: Inputs, answers: Answers, day: str, basic: int) -> Said:
    terms = terms_of(answers, "pay.overtime", OvertimePay)
    hours = _hundredths(inputs.entered[f"overtime_{day}"][0])
    facts = {"hours": hours, "monthly": str(yuan(basic))}
    if terms is None:
        return Said("", facts)
    times = terms.times[OvertimeDay(day)]
    return Said(f"月基本工资{yuan(basic)}元÷{terms.paid_days}天÷{terms.hours_a_day}小时×{times}倍×{hours}小时", facts)


def said_of_unused_leave(inputs: Inputs, answers: Answers, counted: int) -> Said:
    terms = terms_of(answers, "leave.unused_pay", UnusedLeavePay)
    days = _hundredths(inputs.entered["unused_leave_days"][0])
    entered = int(inputs.entered["average_pay"][0]) if "average_pay" in inputs.entered else ABSENT
    average = counted if entered == ABSENT else entered
    facts = {"days": days, "average_pay": str(yuan(average))}
    if terms is None:
        return Said("", facts)
    times = terms.times - terms.normal_times
    return Said(
        f"月平均工资{yuan(average)}元÷{terms.paid_days}天×{days}天×{times}倍（另有{terms.normal_times}倍已随工资发放）",
        facts,
    )


def _hundredths(amount: Any) -> str:
    """Hours, days or scores as people write them."""
    whole, rest = divmod(int(amount), HUNDREDTHS)
    return str(whole) if not rest else f"{whole}.{rest:02}".rstrip("0")


def _percent(share: Any) -> str:
    percent = (share * HUNDREDTHS).normalize()
    return f"{percent:f}%"
