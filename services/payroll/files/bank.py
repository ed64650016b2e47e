"""The file a bank pays wages by."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from payroll.files.cells import yuan
from payroll.files.form import Form, Format, FormNotKnown, fill, form, form_names


@dataclass(frozen=True)
class BankRow:
    """One payment. `remark` is what the payee reads on the statement."""

    sequence: int
    account_number: str
    holder: str
    bank: str
    amount_fen: int
    remark: str


class NotPayable(ValueError):
    """A row that no bank file may hold: nothing to pay, or no account."""


KIND = "bank_"  # what the name of a bank's form begins with
GENERAL = f"{KIND}general"

_FIELDS = frozenset({"sequence", "account_number", "holder", "bank", "amount", "remark"})


def bank_form(name: str) -> Form:
    """FormNotKnown where there is none of the name, or it is another house's: a tax office's is no order to pay."""
    if name not in form_names(KIND):
        raise FormNotKnown(name)
    return form(name)


def write(rows: Sequence[BankRow], prescribed: Form | None = None, *, written_as: Format = "csv") -> bytes:
    """The file in the bank's form, the general one where none is named. Equal rows give equal bytes."""
    unpayable = [row.sequence for row in rows if row.amount_fen <= 0 or not row.account_number.isdigit()]
    if unpayable:
        raise NotPayable(f"rows {unpayable[:10]}")
    total = sum(row.amount_fen for row in rows)
    return fill(
        prescribed or form(GENERAL),
        [{**asdict(row), "amount": row.amount_fen} for row in rows],
        fields=_FIELDS,
        summary={"people": str(len(rows)), "total": yuan(total), "total_fen": str(total)},
        written_as=written_as,
    )
