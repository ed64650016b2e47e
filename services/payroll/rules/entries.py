"""What may be entered for somebody and a month: codes, titles, units and limits. Figures are kept in hundredths."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from common.policy import Finding
from payroll.rules.amounts import MOST_HOURS, MOST_YUAN

HUNDREDTHS = 100
MOST_OVERTIME_HOURS = 36  # a month, beyond which somebody should look

NAME = r"[a-z][a-z0-9_]{0,39}"


class Unit(StrEnum):
    YUAN = "yuan"
    HOURS = "hours"
    DAYS = "days"
    POINTS = "points"
    FLAG = "flag"


_IN_HEADING = {Unit.YUAN: "元", Unit.HOURS: "小时", Unit.DAYS: "天", Unit.POINTS: "分", Unit.FLAG: "1为是"}


@dataclass(frozen=True)
class EntryCode:
    """`most` and `least` in hundredths of the unit, both allowed; `monthly` and `standing`: how it may be entered."""

    code: str
    zh: str
    en: str
    unit: Unit
    most: int
    least: int = 0
    monthly: bool = True
    standing: bool = False
    in_halves: bool = False

    @property
    def heading(self) -> str:
        return f"{self.zh}（{_IN_HEADING[self.unit]}）"


def _money(code: str, zh: str, en: str, *, standing: bool = False, in_halves: bool = False) -> EntryCode:
    return EntryCode(code, zh, en, Unit.YUAN, MOST_YUAN * HUNDREDTHS, standing=standing, in_halves=in_halves)


def _hours(code: str, zh: str, en: str, *, in_halves: bool = False) -> EntryCode:
    return EntryCode(code, zh, en, Unit.HOURS, MOST_HOURS * HUNDREDTHS, in_halves=in_halves)


_ITEMS = {
    "infant_care": ("3岁以下婴幼儿照护", "care of infants"),
    "children_education": ("子女教育", "children's education"),
    "elderly_support": ("赡养老人", "support of parents"),
    "housing_loan": ("住房贷款利息", "interest on a housing loan"),
    "housing_rent": ("住房租金", "housing rent"),
    "continuing_education": ("继续教育", "continuing education"),
}
_OTHERS = {
    "personal_pension": ("个人养老金", "personal pension"),
    "health_insurance": ("商业健康保险", "commercial health insurance"),
    "annuity": ("企业（职业）年金", "annuity"),
}

_LISTED = (
    _money("performance_pay", "业绩考评工资", "performance pay", in_halves=True),
    EntryCode("score", "绩效分配得分", "score for the pool", Unit.POINTS, 100 * HUNDREDTHS),
    _money("overtime_pay", "加班工资", "overtime pay", in_halves=True),
    _hours("overtime_working_day", "工作日加班", "overtime on working days"),
    _hours("overtime_rest_day", "休息日加班", "overtime on rest days"),
    _hours("overtime_holiday", "法定休假日加班", "overtime on statutory holidays"),
    _hours("hours", "非全日制工时", "hours of part-time work", in_halves=True),
    _money("annual_bonus", "全年一次性奖金", "annual bonus"),
    EntryCode("unused_leave_days", "应休未休年休假", "annual leave not taken", Unit.DAYS, 31 * HUNDREDTHS),
    _money("average_pay", "前十二个月月平均工资", "average monthly pay of the last twelve months"),
    _money("fund_allowance", "基金支付的津贴", "allowance paid by a fund"),
    _money("exempt_income", "免税收入", "exempt income"),
    _money("additional", "专项附加扣除合计", "special additional deductions in all", standing=True, in_halves=True),
    *(
        _money(f"additional.{item}", f"专项附加扣除：{zh}", f"special additional deduction: {en}", standing=True)
        for item, (zh, en) in _ITEMS.items()
    ),
    *(
        _money(f"other.{item}", f"其他扣除：{zh}", f"other deduction: {en}", standing=True)
        for item, (zh, en) in _OTHERS.items()
    ),
    _money("relief", "减免税额", "tax relief"),
    replace(_money("kept_level", "原月工资水平", "monthly pay kept", standing=True), monthly=False),
    EntryCode("union_member", "工会会员", "union member", Unit.FLAG, HUNDREDTHS, monthly=False, standing=True),
)
_DEDUCTION = re.compile(rf"deduction\.({NAME})")
_COMPONENT = re.compile(rf"component\.({NAME})")

CODES = {one.code: one for one in _LISTED}


def code_of(code: str) -> EntryCode | None:
    """What a code stands for; beside the listed ones, `deduction.` with a name, and `component.` with a scheme's."""
    if code in CODES:
        return CODES[code]
    if found := _DEDUCTION.fullmatch(code):
        return _money(code, f"扣款：{found[1]}", f"deduction: {found[1]}", standing=True, in_halves=True)
    if found := _COMPONENT.fullmatch(code):
        return _money(code, f"填报项：{found[1]}", f"entered component: {found[1]}", in_halves=True)
    return None


_OF_ITS_OWN_MONTH = re.compile(r"annual_bonus|relief|union_member|additional(\..*)?|other\..*|deduction\..*")


def counts_late(code: str) -> bool:
    """Whether what is entered for a month already paid comes out as a difference; tax and what is taken off do not."""
    return _OF_ITS_OWN_MONTH.fullmatch(code) is None


def is_reported(code: str) -> bool:
    """Whether tax goes by it as the person reported it: with the month's pay, in whatever run that is paid first."""
    return code.split(".")[0] in ("additional", "other", "relief")


def already_paid(code: str, month: str, *, open_month: str | None) -> Finding:
    """That a month is paid, for which only what comes out as a difference may still be entered; `open_month` is the
    first one in which it counts, None where the person serves in none after it.
    """
    found = code_of(code)
    title = found.zh if found else code
    zh, en = "此后该人员没有在岗的月份，不能再补填", "there is no later month in which this worker serves"
    if open_month is not None:
        zh = f"请填入{open_month}（尚未定稿的最早月份），漏报的一并填入，随该月工资计税或扣款"
        en = f"enter it for {open_month}, the first month not yet paid, together with what was missed"
    return Finding(
        code="already_paid",
        zh=f"{month}的工资已定稿，补填“{title}”不会再计入该月；{zh}",
        en=f"{month} is paid, so {code} would not count for it; {en}",
    )


def faults_of(code: str, amount: int | None, *, cycle: str, standing: bool = False) -> Iterator[Finding]:
    """What stands against an entry of `amount` hundredths; None takes an entry back."""
    found = code_of(code)
    if found is None:
        yield Finding(
            code="unknown_code",
            zh=f"没有“{code}”这一填报项",
            en=f"there is no entry {code}",
        )
        return
    if not (found.standing if standing else found.monthly):
        how = ("长期有效的项", "a standing entry") if standing else ("按月填报的项", "a monthly entry")
        yield Finding(code="wrong_way", zh=f"“{found.zh}”不是{how[0]}", en=f"{code} is not {how[1]}")
    if cycle != "month" and not found.in_halves:
        yield Finding(
            code="not_in_halves", zh=f"“{found.zh}”按整月填报，不分上下半月", en=f"{code} is entered for whole months"
        )
    if amount is not None and not found.least <= amount <= found.most:
        least, most = found.least / HUNDREDTHS, found.most / HUNDREDTHS
        yield Finding(
            code="out_of_range",
            zh=f"“{found.heading}”应在 {least:.2f} 至 {most:.2f} 之间",
            en=f"{code} lies between {least:.2f} and {most:.2f}",
        )


def warnings_about(entered: dict[str, int]) -> list[Finding]:
    """What may be entered, but somebody should look at: hours of overtime in a month, in hundredths."""
    hours = sum(amount for code, amount in entered.items() if code in _OVERTIME_HOURS)
    if hours <= MOST_OVERTIME_HOURS * HUNDREDTHS:
        return []
    return [
        Finding(
            code="much_overtime",
            zh=f"本月加班合计 {hours / HUNDREDTHS:.2f} 小时，超过每月 {MOST_OVERTIME_HOURS} 小时的上限，请核实",
            en=f"{hours / HUNDREDTHS:.2f} hours of overtime, more than {MOST_OVERTIME_HOURS} a month: please check",
        )
    ]


_OVERTIME_HOURS = frozenset({"overtime_working_day", "overtime_rest_day", "overtime_holiday"})

YEARS_FROM = "years_from"
FIRST_EMPLOYED_ON = "first_employed_on"
INSURED = "insured"
_INSURED_VALUES = ("yes", "no", "elsewhere", "pensioner")
_DAYS = {YEARS_FROM: "工龄起算日", FIRST_EMPLOYED_ON: "参加工作日期"}


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
LONGEST_SERVICE_YEARS = 70


def faults_of_attribute(kind: str, value: str | None, *, starts_on: date) -> Iterator[Finding]:
    """Education, title, level and whatever a scheme pays for are free; days and insurance are not."""
    if value is None:
        return
    if kind in _DAYS:
        yield from _faults_of_day(kind, value, starts_on=starts_on)
    if kind == INSURED and value not in _INSURED_VALUES:
        yield Finding(
            code="unknown_value",
            zh="参保情况应为 yes（参保）、no（不参保）、elsewhere（他处参保）或 pensioner（已享受养老待遇）",
            en=f"insured is one of {', '.join(_INSURED_VALUES)}",
        )


def _faults_of_day(kind: str, value: str, *, starts_on: date) -> Iterator[Finding]:
    """Plain, and within a working life of the day from which it holds; what begins a year ahead may be known."""
    try:
        day = date.fromisoformat(value) if _DAY.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None:
        yield Finding(code="not_a_day", zh=f"{_DAYS[kind]}应为日期（年-月-日）", en=f"{kind} is a day, YYYY-MM-DD")
        return
    first, last = starts_on.year - LONGEST_SERVICE_YEARS, starts_on.year + 1
    if not first <= day.year <= last:
        yield Finding(
            code="day_out_of_range",
            zh=f"{_DAYS[kind]}应在 {first} 年至 {last} 年之间，请核对年份",
            en=f"{kind} lies between {first} and {last}: check the year",
        )
