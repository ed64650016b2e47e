"""Pay standards: drafted by one person, approved by another, in force from their day."""

from contextlib import suppress
from datetime import date
from decimal import Decimal

from common.areas import within
from common.errors import NotFound
from common.events.payroll import PayStandardSet
from common.ids import new_id
from common.policy import Decision, Finding, ParameterMissing
from common.transaction import Transaction
from payroll import queries, rules
from payroll.commands.changes import note_change
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
    source: str,
) -> PayStandard:
    """Counts once another person has approved it; `source` says where the figure comes from."""
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
        source=source,
        status=StandardStatus.DRAFTED,
        drafted_by=tx.actor.account,
    )
    fits = await tx.decide_where_ruled(
        rules.standard_has_class, about=standard, on=starts_on, post_class=post_class, grade=grade
    )
    if fits is not None:
        tx.require(fits, subject=standard.standard_id)

    tx.session.add(standard)
    return standard


async def approve_pay_standard(tx: Transaction, *, standard_id: str, on: date) -> PayStandard:
    """From now on it counts, in the place of one approved before for the same post and day."""
    found = await queries.standard(tx.session, standard_id=standard_id)
    rivals = await queries.rivals(tx.session, found) if found else []
    standard = next((one for one in rivals if one.standard_id == standard_id), None)
    if standard is None:
        raise NotFound(what=f"standard {standard_id}")
    await _require_approvable(tx, standard, on=on)

    for rival in rivals:
        if rival is not standard and rival.status == StandardStatus.APPROVED:
            rival.replace()
    await tx.session.flush()  # before the new one counts: one approved standard for a post and day
    standard.approve(by=tx.actor.account, on=on)
    await note_change(
        tx,
        area=standard.area,
        worker_id=None,
        staff=standard.staff,
        from_month=f"{standard.starts_on:%Y-%m}",
        cause="standard",
        reference=standard.standard_id,
    )

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


async def _require_approvable(tx: Transaction, standard: PayStandard, *, on: date) -> None:
    """By an office that may set it, within the guidance and no less than before it begins, where a clause says so."""
    level, roles = tx.actor.level, sorted(tx.actor.roles)
    by_office = await tx.decide_where_ruled(rules.may_approve_standard, about=standard, on=on, roles=roles, level=level)
    within_guidance = await _within_guidance(tx, standard)
    not_lowered = await _not_lowered(tx, standard)
    made = [decision for decision in (by_office, within_guidance, not_lowered) if decision is not None]
    tx.require(*made, subject=standard.standard_id)


async def _not_lowered(tx: Transaction, standard: PayStandard) -> Decision[list[Finding]] | None:
    before = await queries.standard_before(tx.session, standard)
    if before is None:
        return None
    return await tx.decide_where_ruled(
        rules.standard_not_lowered,
        about=standard,
        on=standard.starts_on,
        before=before.monthly_amount,
        monthly_amount=standard.monthly_amount,
    )


async def _within_guidance(tx: Transaction, standard: PayStandard) -> Decision[list[Finding]] | None:
    """A place that has published no guidance holds nobody to any."""
    with suppress(ParameterMissing):
        return await tx.decide_where_ruled(
            rules.pay_within_guidance,
            about=standard,
            on=standard.starts_on,
            post_class=standard.post_class,
            grade=standard.grade,
            monthly_amount=standard.monthly_amount,
        )
    return None
