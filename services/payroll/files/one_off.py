"""The sheets of payments beside wages that the withholding client of the tax office imports, each in its own form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from payroll.files.cells import Cell, yuan_to_read
from payroll.files.form import Form, Format, fill, form
from payroll.files.tax import UNKNOWN

_FIELDS = frozenset(
    {"reference", "name", "identity_kind", "identity_number", "project", "income", "exempt", "tax", "remark"}
)


@dataclass(frozen=True)
class TaxedPayment:
    """What is declared as one payment, in fen. `reference` is the worker's id, or the unit's own for somebody else.

    `identity_number` is open here and nowhere else; a tuple of these is never kept. `notes`: what to look at.
    """

    reference: str
    name: str
    identity_number: str
    project: str | None
    income: int
    exempt: int
    tax: int
    notes: tuple[str, ...] = ()


def write(
    payments: Sequence[TaxedPayment],
    *,
    form_name: str,
    month: str,
    prescribed: Form | None = None,
    written_as: Format = "xlsx",
) -> bytes:
    """A row for each, also where nothing is withheld."""
    to = prescribed or form(form_name)
    return fill(
        to,
        [_row(to, payment) for payment in payments],
        fields=_FIELDS,
        summary={"people": str(len({payment.reference for payment in payments})), "month": month},
        written_as=written_as,
    )


def _row(to: Form, payment: TaxedPayment) -> Mapping[str, Cell]:
    number = payment.identity_number or None
    said = [f"本平台预扣税额 {yuan_to_read(payment.tax)} 元，请与扣缴端计算结果核对", *payment.notes]
    if number is None:
        said.insert(0, UNKNOWN)
    return {
        "reference": payment.reference,
        "name": payment.name or None,
        "identity_kind": to.word("identity_kind", number) if number else None,
        "identity_number": number,
        "project": payment.project,
        "income": payment.income,
        "exempt": payment.exempt,
        "tax": payment.tax,
        "remark": "；".join(said),
    }
