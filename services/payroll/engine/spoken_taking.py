"""The words for contributions, tax and dues."""

from payroll.engine.answers import terms_of
from payroll.engine.columns import ABSENT, Answers, Batch, Inputs, Year
from payroll.engine.contributing import EMPLOYER, WORKER, counted_base, own_base
from payroll.engine.spoken_earnings import Said
from payroll.rules.arithmetic import column, yuan
from payroll.rules.bonus import BonusApart
from payroll.rules.contributions import ContributionSchemes, Scheme
from payroll.rules.dues import UnionDues
from payroll.rules.tax import BasicMode, BasicModeTerms, BasicMonths, CumulativeWithholding, basic_months, bracket_of

_MODES = {
    "employment_months": "按在本单位任职月数",
    "first_job_of_year": "当年首次就业，从一月起算",
    "annual_60000": "从一月起按全年一次扣足",
}


def said_of_contribution(inputs: Inputs, answers: Answers, code: str, counted: int) -> Said:
    terms = terms_of(answers, "contributions.amounts", ContributionSchemes)
    name = code.removesuffix(WORKER).removesuffix(EMPLOYER)
    scheme = next(one for one in terms.schemes if one.scheme == name) if terms else None
    if scheme is None:
        return Said("", {})
    held, fixed = counted_base(inputs, scheme, column(counted))
    contribution_base = yuan(held[0])
    of_worker = code.endswith(WORKER)
    rate = scheme.worker if of_worker else scheme.employer
    words = f"缴费基数{contribution_base}元×{rate}"
    if of_worker and fixed:
        words += f"＋定额{fixed}元"
    bounds = f"（按{_origin(inputs, scheme)}，下限{scheme.floor}元、上限{scheme.ceiling}元）"
    facts = {"contribution_base": str(contribution_base), "rate": str(rate), "monthly_pay": str(yuan(counted))}
    return Said(words + bounds, facts)


def _origin(inputs: Inputs, scheme: Scheme) -> str:
    """What the base of the one slip comes from."""
    given, own = inputs.bases.get(scheme.scheme), own_base(inputs, scheme)
    if given is not None and given[0] != ABSENT:
        return "核定基数"
    return "本月工资" if own is None or own[0] == ABSENT else "首月工资"


def said_of_tax(batch: Batch, year: Year, totals: dict[str, int]) -> Said:
    """`totals` are the slip's own columns."""
    terms = terms_of(batch.tax_answers, "tax.cumulative_withholding", CumulativeWithholding)
    if terms is None:
        return Said("", {})
    modes = terms_of(batch.tax_answers, "tax.basic_months", BasicMonths)
    months, mode = year.months, "employment_months"
    if modes is not None:
        code = int(year.mode.codes[0])
        mode = year.mode.words[code] if code >= 0 and year.mode.words[code] in modes.modes else mode
        month = int(batch.paid_in[5:])
        months = basic_months(modes, year.mode.codes, year.mode.words, months, month=month)
    so_far = {
        name: int(getattr(year, name)[0]) + totals[name]
        for name in ("income", "exempt", "special", "additional", "other", "relief")
    }
    basic = int(months[0]) * terms.basic_monthly
    deducted = sum(yuan(so_far[name]) for name in ("exempt", "special", "additional", "other")) + basic
    taxable = max(yuan(so_far["income"]) - deducted, yuan(0))
    bracket = bracket_of(taxable, terms.brackets)
    withheld = yuan(year.withheld[0])
    relief = f"，减免{yuan(so_far['relief'])}元" if so_far["relief"] else ""
    words = (
        f"本年累计收入{yuan(so_far['income'])}元，"
        f"减除费用{basic}元（{_MODES.get(mode, mode)}{_why(batch, year, mode)}，{int(months[0])}个月），"
        f"社保公积金{yuan(so_far['special'])}元，专项附加扣除{yuan(so_far['additional'])}元，"
        f"其他扣除{yuan(so_far['other'])}元，免税收入{yuan(so_far['exempt'])}元；应纳税所得额{taxable}元×{bracket.rate}"
        f"－速算扣除数{bracket.quick}元＝{bracket.tax(taxable)}元{relief}，本年已预扣{withheld}元"
    )
    facts = {name: str(yuan(amount)) for name, amount in so_far.items()}
    facts |= {"basic": str(basic), "taxable": str(taxable), "withheld": str(withheld), "mode": mode}
    return Said(words, facts | _income_last_year(year))


def _why(batch: Batch, year: Year, mode: str) -> str:
    """Why the whole year is deducted at once, where no card says so."""
    terms = terms_of(batch.tax_answers, "tax.basic_mode", BasicModeTerms)
    if mode != BasicMode.ANNUAL_60000 or terms is None or terms.last_year_most is None:
        return ""
    income = _income_last_year(year).get("income_last_year")
    if income is None:
        return ""
    clause = batch.tax_answers["tax.basic_mode"].clause
    return f"：上年各月均由本单位发放，工资合计{income}元，不超过{terms.last_year_most}元，{clause}"


def _income_last_year(year: Year) -> dict[str, str]:
    income = int(year.income_last_year[0])
    return {} if income == ABSENT else {"income_last_year": str(yuan(income))}


def said_of_bonus_tax(batch: Batch, bonus: int) -> Said:
    terms = terms_of(batch.tax_answers, "tax.bonus_apart", BonusApart)
    if terms is None:
        return Said("", {})
    bracket = bracket_of(yuan(bonus) / terms.months, terms.brackets)
    words = f"奖金{yuan(bonus)}元单独计税：除以{terms.months}个月查得税率{bracket.rate}，"
    return Said(
        f"{words}{yuan(bonus)}元×{bracket.rate}－速算扣除数{bracket.quick}元", {"annual_bonus": str(yuan(bonus))}
    )


def said_of_dues(answers: Answers, basic: int) -> Said:
    terms = terms_of(answers, "union.dues", UnionDues)
    if terms is None:
        return Said("", {})
    words = f"月基本收入{yuan(basic)}元，不足{terms.unit}元的尾数不计，×{terms.share}"
    return Said(words, {"basic_pay": str(yuan(basic))})
