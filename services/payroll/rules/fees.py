"""Income tax on what is paid beside wages: labour remuneration, interns, and money paid at the end of a contract."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from common.decimals import PLAIN, Share
from common.money import Yuan, to_fen
from common.policy import rule
from payroll.rules.amounts import Amount
from payroll.rules.tax import NOTHING, Table, TaxOnTable, Total, bracket_of


class LabourRemuneration(Table):
    flat_up_to: Amount = Field(title="定额减除的收入上限", description="每次收入不超过此数的，减除定额费用（元）")
    flat_expense: Amount = Field(title="定额费用", description="元")
    expense_share: Share = Field(title="费用比例", description="超过上限的，按收入的此比例减除费用")


class TaxedRemuneration(TaxOnTable):
    expense: Yuan
    taxable: Yuan


@rule("tax.labour_remuneration")
def withhold_from_remuneration(
    terms: LabourRemuneration, *, income: Annotated[Total, Field(title="每次收入")]
) -> TaxedRemuneration:
    """How much tax is withheld from a payment of labour remuneration.

    Our reading: what the same continuous work brings within a month is one payment. The expense is rounded half up to
    the fen before it is taken off, and so is the tax. Own staff paid for further duties are paid wages.
    """
    expense = terms.flat_expense if income <= terms.flat_up_to else to_fen(income * terms.expense_share)
    taxable = max(income - expense, NOTHING)
    bracket = bracket_of(taxable, terms.brackets)
    return TaxedRemuneration(
        expense=expense, taxable=taxable, rate=bracket.rate, quick=bracket.quick, tax=bracket.tax(taxable)
    )


class InternWithholding(Table):
    basic_monthly: Amount = Field(title="每月减除费用", description="元/月")
    expense_share: Share = Field(title="费用比例", description="收入额为收入减除此比例费用后的余额")


class WithheldFromIntern(TaxOnTable):
    """`income_amount` is the cumulative income after expenses; `due` may be negative, `withhold` never is."""

    income_amount: Yuan
    basic: Yuan
    taxable: Yuan
    due: Yuan
    withhold: Yuan


@rule("tax.intern_withholding")
def withhold_from_intern(
    terms: InternWithholding,
    *,
    months: Annotated[int, Field(title="实习月数", ge=1)],
    income: Annotated[Total, Field(title="累计收入")],
    withheld: Annotated[Total, Field(title="累计已预扣税额")] = NOTHING,
) -> WithheldFromIntern:
    """How much tax is withheld from the pay of a full-time student on an internship.

    Our reading: facts are totals of the tax year with this unit, this month included; `months` are those of the
    internship. Too much withheld is carried within the year and not paid back.
    """
    income_amount = income - to_fen(income * terms.expense_share)
    basic = terms.basic_monthly * months
    taxable = max(income_amount - basic, NOTHING)
    bracket = bracket_of(taxable, terms.brackets)
    tax = bracket.tax(taxable)
    due = tax - withheld
    return WithheldFromIntern(
        income_amount=income_amount,
        basic=basic,
        taxable=taxable,
        rate=bracket.rate,
        quick=bracket.quick,
        tax=tax,
        due=due,
        withhold=max(due, NOTHING),
    )


class SeveranceTax(Table):
    times_average: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2), PLAIN] = Field(
        title="免税倍数", description="当地上年职工年平均工资的倍数"
    )


class TaxedSeverance(TaxOnTable):
    exempt: Yuan
    taxable: Yuan


@rule("tax.severance")
def tax_severance(
    terms: SeveranceTax,
    *,
    amount: Annotated[Total, Field(title="一次性补偿收入")],
    local_average_yearly: Annotated[Yuan, Field(title="当地上年职工年平均工资", gt=0)],
) -> TaxedSeverance:
    """The tax on money paid once because a labour contract was ended.

    Our reading: what lies above the exempt amount is taxed by itself on the year's table, without the yearly deduction
    or any other. Whether it also holds for a term that has simply run out differs by place.
    """
    exempt = min(amount, to_fen(local_average_yearly * terms.times_average))
    taxable = amount - exempt
    bracket = bracket_of(taxable, terms.brackets)
    return TaxedSeverance(
        exempt=exempt, taxable=taxable, rate=bracket.rate, quick=bracket.quick, tax=bracket.tax(taxable)
    )
