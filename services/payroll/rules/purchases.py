"""Services that are bought: whom the money goes to."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from common.policy import Finding, Terms, rule


class PaidTo(StrEnum):
    PROVIDER = "provider"
    WORKER = "worker"


_ZH = {PaidTo.PROVIDER: "服务提供方", PaidTo.WORKER: "服务人员本人"}


class Purchase(Terms):
    paid_to: tuple[PaidTo, ...] = Field(title="收款方", description="购买服务的款项可以付给谁", min_length=1)


@rule("purchase.payee")
def may_receive_payment(terms: Purchase, *, paid_to: Annotated[PaidTo, Field(title="收款方")]) -> list[Finding]:
    """Whether the money for a bought service may go to somebody.

    Our reading: whoever has to secure the pay of the staff is paid, and pays them; the unit that buys the service pays
    the staff nothing itself, and issues them no payslip.
    """
    if paid_to in terms.paid_to:
        return []
    allowed = "、".join(_ZH[one] for one in terms.paid_to)
    return [
        Finding(
            code="wrong_payee",
            zh=f"购买服务的款项应付给{allowed}，不能付给{_ZH[paid_to]}",
            en=f"a bought service is paid to the {', '.join(terms.paid_to)}, not to the {paid_to}",
        )
    ]
