"""The file a bank pays wages by."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from payroll.files.cells import yuan
from payroll.files.form import Form, Format, fill, form


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


GENERAL = "bank_general"

_FIELDS = frozenset({"sequence", "account_number", "holder", "bank", "amount", "remark"})


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
