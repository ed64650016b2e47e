"""Pay standards: drafted by one person, approved by another, in force from their day."""

from datetime import date
from decimal import Decimal

from common.areas import within
from common.errors import NotFound
from common.events.payroll import PayStandardSet
from common.ids import new_id
from common.transaction import Transaction
from payroll import queries
from payroll.models import PayStandard, StandardStatus


async def set_pay_standard(
    tx: Transaction,
    *,
    area: str,
    staff: str,
    post_class: str,
    grade: int,
    monthly_amount: Decimal,
    starts_on: date,
) -> PayStandard:
    if not within(area, tx.actor.area):
        raise NotFound(what=f"area {area}")

    standard = PayStandard(
        standard_id=new_id("standard"),
        area=area,
        staff=staff,
        post_class=post_class,
        grade=grade,
        monthly_amount=monthly_amount,
        starts_on=starts_on,
        status=StandardStatus.DRAFTED,
        drafted_by=tx.actor.account,
    )
    tx.session.add(standard)
    return standard


async def approve_pay_standard(tx: Transaction, *, standard_id: str, on: date) -> PayStandard:
    """From now on it counts, in the place of one approved before for the same post and day."""
    found = await queries.standard(tx.session, standard_id=standard_id)
    rivals = await queries.rivals(tx.session, found) if found else []
    standard = next((one for one in rivals if one.standard_id == standard_id), None)
    if standard is None:
        raise NotFound(what=f"standard {standard_id}")

    for rival in rivals:
        if rival is not standard and rival.status == StandardStatus.APPROVED:
            rival.replace()
    await tx.session.flush()  # before the new one counts: one approved standard for a post and day
    standard.approve(by=tx.actor.account, on=on)

    tx.emit(
        PayStandardSet(
            standard_id=standard.standard_id,
            area=standard.area,
            staff=standard.staff,
            post_class=standard.post_class,
            grade=standard.grade,
            monthly_amount=standard.monthly_amount,
            starts_on=standard.starts_on,
        )
    )
    return standard
