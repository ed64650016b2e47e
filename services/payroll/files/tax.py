"""The sheets that the withholding client of the tax office imports, in its own form."""

from collections.abc import Mapping, Sequence

from payroll.files.cells import Cell, yuan_to_read
from payroll.files.figures import TaxedSlip
from payroll.files.form import Form, Format, fill, form

WAGES = "tax_wages"
BONUS = "tax_bonus"

# Special additional deductions by the names they are reported under; whatever else was reported has no column.
ITEMS = (
    "children_education",
    "continuing_education",
    "housing_loan",
    "housing_rent",
    "elderly_support",
    "infant_care",
)
_SCHEMES = ("pension", "medical", "unemployment", "housing_fund")
_OTHER = ("personal_pension", "annuity", "health_insurance")
_WHO = ("worker_id", "name", "identity_kind", "identity_number", "remark")
UNKNOWN = "证件号码未登记"

_WAGE_FIELDS = frozenset({*_WHO, "income", "exempt", *_SCHEMES, *ITEMS, *_OTHER, "other", "relief"})
_BONUS_FIELDS = frozenset({*_WHO, "bonus"})


def write_wages(
    slips: Sequence[TaxedSlip], *, month: str, prescribed: Form | None = None, written_as: Format = "xlsx"
) -> bytes:
    """Everybody of the month, also those of whom nothing is withheld. Equal slips of one person stay apart."""
    to = prescribed or form(WAGES)
    return fill(
        to,
        [_wages(to, slip) for slip in slips],
        fields=_WAGE_FIELDS,
        summary={"people": str(len(slips)), "month": month},
        written_as=written_as,
    )


def write_bonuses(
    slips: Sequence[TaxedSlip], *, month: str, prescribed: Form | None = None, written_as: Format = "xlsx"
) -> bytes:
    """Those whose annual bonus is taxed apart."""
    to = prescribed or form(BONUS)
    paid = [taxed for taxed in slips if taxed.slip.bonus]
    return fill(
        to,
        [
            {**_who(to, taxed), "bonus": taxed.slip.bonus, "remark": None if taxed.identity_number else UNKNOWN}
            for taxed in paid
        ],
        fields=_BONUS_FIELDS,
        summary={"people": str(len(paid)), "month": month},
        written_as=written_as,
    )


def _who(to: Form, taxed: TaxedSlip) -> dict[str, Cell]:
    number = taxed.identity_number or None
    return {
        "worker_id": taxed.slip.worker_id,
        "name": taxed.slip.name,
        "identity_kind": to.word("identity_kind", number) if number else None,
        "identity_number": number,
    }


def _wages(to: Form, taxed: TaxedSlip) -> Mapping[str, Cell]:
    unplaced = {
        "专项附加扣除（未分项）": sum(amount for item, amount in taxed.additional.items() if item not in ITEMS),
        "其他险种个人缴费": sum(amount for scheme, amount in taxed.schemes.items() if scheme not in _SCHEMES),
    }
    said = [f"{what} {yuan_to_read(amount)} 元，请在扣缴端核对" for what, amount in unplaced.items() if amount]
    if not taxed.identity_number:
        said.insert(0, UNKNOWN)
    return {
        **_who(to, taxed),
        "income": taxed.slip.income,
        "exempt": taxed.slip.exempt,
        **{scheme: taxed.schemes.get(scheme, 0) for scheme in _SCHEMES},
        **{item: taxed.additional.get(item, 0) for item in ITEMS},
        **{item: taxed.other.get(item, 0) for item in _OTHER},
        "other": sum(amount for item, amount in taxed.other.items() if item not in _OTHER),
        "relief": taxed.slip.relief,
        "remark": "；".join(said) or None,
    }
