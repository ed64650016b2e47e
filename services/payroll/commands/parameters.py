"""Parameters: entered by one person with their source, checked by another, in force from their day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic import ValidationError

from common.areas import within
from common.errors import BusinessError, NotFound, SamePerson, WrongState, told_faults
from common.events.payroll import ParameterChecked
from common.ids import new_id
from common.policy.parameters import kind_of
from common.transaction import Transaction
from payroll.commands.changes import note_change
from payroll.models import Parameter, ParameterStatus
from payroll.queries import parameters as queries
from payroll.rules.parameters import BESIDE_PAY, WAGE_FLOOR, WAGE_TIERS

UNVERIFIED = "L"


class UnknownParameter(BusinessError):
    status = 422
    zh = "没有代码为“{code}”的参数。可用的代码见参数目录。"
    en = "There is no parameter '{code}'. The catalogue of parameters lists the codes."


class ParameterInvalid(BusinessError):
    """A figure that does not have the form of its code; each fault is named with its place in the value."""

    status = 422
    zh = "参数“{title}”（{code}，{unit}）的取值有 {count} 处有误，请更正后重新录入。"
    en = "The value of {code} has {count} fault(s); correct it and enter it again."

    def __init__(self, *, code: str, title: str, unit: str, fault: ValidationError) -> None:
        self.fault = fault
        super().__init__(code=code, title=title, unit=unit, count=fault.error_count())

    def members(self, language: str) -> dict[str, Any]:
        faults = told_faults(self.fault.errors(), at=("body", "value"), english=language == "en")
        return {**super().members(language), "errors": faults}


class ParameterUnverified(BusinessError):
    zh = "参数 {code}（{parameter_id}）的可信度为 L，是待核的建议数，不能直接复核。请按文件重新录入后再由另一人复核。"
    en = "Parameter {code} ({parameter_id}) is an unverified proposal (L). Enter it again from its document first."


class ParametersCollide(BusinessError):
    zh = "所选参数中，{code} 在同一地区、人员类别和日期有不止一行。请每次只复核其中一行。"
    en = "Of {code} more than one row for the same area, staff and day was chosen; check one of them at a time."


class WageUnlikeTier(BusinessError):
    zh = "最低工资注明属第{tier}档，但与当日有效的该档标准不一致（{parameter_id}）。请核对档次和金额。"
    en = "The minimum wage is said to be of tier {tier} but differs from that tier's on its day ({parameter_id})."


async def enter_parameter(
    tx: Transaction,
    *,
    code: str,
    area: str,
    staff: str,
    starts_on: date,
    value: Any,
    source: str,
    confidence: str,
    on: date,
) -> Parameter:
    """Counts once another person has checked it; a null value ends the figure."""
    if not within(area, tx.actor.area):
        raise NotFound(what=f"area {area}")
    kind = kind_of(code)
    if kind is None:
        raise UnknownParameter(code=code)
    try:
        valid = kind.validated(value)
    except ValidationError as fault:
        raise ParameterInvalid(code=code, title=kind.title, unit=kind.unit, fault=fault) from None

    parameter = Parameter(
        parameter_id=new_id("parameter"),
        code=code,
        area=area,
        staff=staff,
        starts_on=starts_on,
        value=valid,
        source=source,
        confidence=confidence,
        status=ParameterStatus.ENTERED,
        entered_by=tx.actor.account,
        entered_on=on,
    )
    tx.session.add(parameter)
    return parameter


async def check_parameters(tx: Transaction, *, parameter_ids: Sequence[str], on: date) -> list[Parameter]:
    """From now on they count, all of them or none; what else stood or waited for the same day is replaced."""
    rows = await _found(tx, parameter_ids)
    places = set()
    for row in rows:
        _must_be_entered(row)
        if row.entered_by == tx.actor.account:
            raise SamePerson(what="parameter.checking")
        if row.confidence == UNVERIFIED:
            raise ParameterUnverified(code=row.code, parameter_id=row.parameter_id)
        place = (row.code, row.area, row.staff, row.starts_on)
        if place in places:
            raise ParametersCollide(code=row.code)
        places.add(place)
        await _require_like_tier(tx, row)

    for row in rows:
        for rival in await queries.rivals(tx.session, row):
            # The end of a figure leaves standing what was proposed to follow it.
            if row.value is not None or rival.confidence != UNVERIFIED:
                rival.status = ParameterStatus.REPLACED
    await tx.session.flush()  # before the new ones count: one row in force for a place and day
    for row in rows:
        row.status = ParameterStatus.IN_FORCE
        row.checked_by = tx.actor.account
        row.checked_on = on
        await _tell(tx, row)
    return rows


async def reject_parameter(tx: Transaction, *, parameter_id: str, on: date) -> Parameter:
    """It will never count; whoever entered it may take it back so."""
    row = (await _found(tx, [parameter_id]))[0]
    _must_be_entered(row)

    row.status = ParameterStatus.REJECTED
    row.checked_by = tx.actor.account
    row.checked_on = on
    return row


async def _found(tx: Transaction, parameter_ids: Sequence[str]) -> list[Parameter]:
    """Those within the actor's area, locked; NotFound names the first that is not there."""
    rows = await queries.to_handle(tx.session, parameter_ids=parameter_ids)
    missing = [one for one in parameter_ids if one not in {row.parameter_id for row in rows}]
    if missing:
        raise NotFound(what=f"parameter {missing[0]}")
    return rows


def _must_be_entered(row: Parameter) -> None:
    if row.status != ParameterStatus.ENTERED:
        raise WrongState(what="parameter", state=f"parameter.{row.status}", needed="parameter.entered")


async def _require_like_tier(tx: Transaction, row: Parameter) -> None:
    """A minimum wage that names its tier has the tier's amounts, as far as a list of tiers in force knows them."""
    tier = row.value.get("tier") if row.code == WAGE_FLOOR and row.value else None
    if tier is None:
        return
    listed = await queries.parameters_in_force(tx.session, codes={WAGE_TIERS}, area=row.area)
    tiers = listed.find(WAGE_TIERS, area=row.area, staff=row.staff, on=row.starts_on)
    amounts = tiers.value.get(str(tier), {}) if tiers else {}
    if any(row.value[name] != amount for name, amount in amounts.items() if amount is not None):
        raise WageUnlikeTier(tier=tier, parameter_id=row.parameter_id)


async def _tell(tx: Transaction, row: Parameter) -> None:
    if row.code not in BESIDE_PAY:
        await note_change(
            tx,
            area=row.area,
            worker_id=None,
            staff=row.staff or None,
            from_month=f"{row.starts_on:%Y-%m}",
            cause="parameter",
            reference=row.parameter_id,
        )
    tx.emit(
        ParameterChecked(
            parameter_id=row.parameter_id,
            code=row.code,
            area=row.area,
            staff=row.staff or None,
            starts_on=row.starts_on,
            value=row.value,
        )
    )
