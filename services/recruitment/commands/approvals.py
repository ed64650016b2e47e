"""One office after another says yes; shared by headcount requests and plans."""

from datetime import date

from common.errors import SamePerson
from common.ids import new_id
from common.transaction import Transaction
from recruitment import queries
from recruitment.models import Approval, HeadcountRequest, Plan
from recruitment.rules import NextApproval


async def another_person(tx: Transaction, *, what: str, maker: str, subject_id: str) -> None:
    """Nobody approves his own, nor twice."""
    if tx.actor.account == maker:
        raise SamePerson(what=what)
    if any(one.account == tx.actor.account for one in await queries.approvals(tx.session, subject_id)):
        raise SamePerson(what=what)


def approval_of(
    tx: Transaction, answer: NextApproval, *, about: HeadcountRequest | Plan, subject_id: str, version: int, on: date
) -> Approval:
    """The row for the step that `answer` found to be this person's."""
    assert answer.expected is not None  # noqa: S101  # the row's state was checked: a step is left
    return Approval(
        approval_id=new_id("approval"),
        subject_id=subject_id,
        version=version,
        step=about.approved,
        office=str(answer.expected.office),
        level=str(answer.expected.level),
        account=tx.actor.account,
        area=about.area,
        approved_on=on,
    )
