from collections.abc import Iterable, Sequence
from datetime import date

from common.errors import BusinessError
from common.events.recruitment import ApplicationReceived
from common.fields import Sealer, mask_identity
from common.identity import age_on, born_on, is_female
from common.ids import new_id
from common.transaction import Transaction
from recruitment import queries, rules
from recruitment.commands.plans import stage_order
from recruitment.models import Application, Plan
from recruitment.rules import Act, Education, Status


class ApplicationsClosed(BusinessError):
    zh = "报名期为{published_on}至{closes_on}（含当日），{on}不能报名。"
    en = "Applications are taken from {published_on} to {closes_on} inclusive, not on {on}."


class AlreadyApplied(BusinessError):
    zh = "此身份证件号码在本方案中已经报名，不能重复报名。"
    en = "This identity number has already applied under this plan."


class AccountOfAnother(BusinessError):
    zh = "本账号已为另一人报名；每人须使用本人的账号。"
    en = "This account has applied for somebody else; everyone applies with an account of his own."


class NotBornYet(BusinessError):
    status = 422
    zh = "身份证件号码中的出生日期晚于报名日。请核对号码。"
    en = "The birth date in the identity number is after the day of the application. Check the number."


class UnknownBar(BusinessError):
    status = 422
    zh = "“{code}”不是适用于本岗位的不得录用情形；可用代码：{known}。"
    en = "'{code}' is not a bar that applies here; those that do: {known}."


async def apply(
    tx: Transaction,
    *,
    sealer: Sealer,
    plan_id: str,
    name: str,
    identity_number: str,
    education: Education,
    statuses: Sequence[Status],
    certificate_level: str | None,
    declared_bars: Sequence[str],
    phone: str | None,
    household_area: str | None,
    unemployed_months: int | None,
    graduated_on: date | None,
    on: date,
) -> Application:
    plan = await _open_plan(tx, plan_id, on=on)
    identity_index = sealer.index(identity_number, column="application|identity_number")
    await _applies_for_himself_once(tx, plan_id=plan_id, identity_index=identity_index)
    know_bars(tx, about=plan, on=on, codes=declared_bars)

    application_id = new_id("application")
    done = await _first_stages(tx, plan, application_id)

    application = Application(
        application_id=application_id,
        plan_id=plan_id,
        area=plan.area,
        staff=plan.staff,
        number=await queries.applications_received(tx.session, plan_id) + 1,
        account=tx.actor.account,
        **_sealed(sealer, application_id, name=name, phone=phone, identity_number=identity_number),
        identity_index=identity_index,
        **_age_and_sex(identity_number, on=on),
        education=education,
        statuses=_holds(statuses, certificate_level),
        certificate_level=certificate_level,
        declared_bars=sorted({*declared_bars}),
        household_area=household_area,
        unemployed_months=unemployed_months,
        graduated_on=graduated_on,
        applied_on=on,
        latest_on=on,
        status="in_progress",
        done=done,
    )
    tx.session.add(application)
    tx.emit(ApplicationReceived(application_id=application_id, plan_id=plan_id, area=plan.area))
    return application


def _age_and_sex(identity_number: str, *, on: date) -> dict[str, int | bool]:
    born = born_on(identity_number)
    if born > on:
        raise NotBornYet
    return {"age": age_on(born, on), "female": is_female(identity_number)}


async def _first_stages(tx: Transaction, plan: Plan, application_id: str) -> list[str]:
    """What an application has behind it from its first day: the notice and itself."""
    notice = plan.stage_that_does(Act.NOTICE).stage
    stage = plan.stage_that_does(Act.APPLICATION).stage
    tx.require(await stage_order(tx, plan, done=[notice], stage=stage), subject=application_id)
    return [notice, stage]


def _sealed(
    sealer: Sealer, application_id: str, *, name: str, phone: str | None, identity_number: str
) -> dict[str, str | None]:
    """What is personal, each value bound to its own place."""

    def sealed(column: str, value: str) -> str:
        return sealer.seal(value, place=f"application|{column}|{application_id}")

    return {
        "name_sealed": sealed("name", name),
        "phone_sealed": sealed("phone", phone) if phone else None,
        "identity_sealed": sealed("identity_number", identity_number),
        "identity_masked": mask_identity(identity_number),
    }


def _holds(statuses: Sequence[Status], certificate_level: str | None) -> list[str]:
    """Whoever names a level of the certificate holds the certificate."""
    return sorted({*statuses} | ({Status.SOCIAL_WORK_CERTIFICATE} if certificate_level else set()))


async def _open_plan(tx: Transaction, plan_id: str, *, on: date) -> Plan:
    """The plan, locked, when it takes applications on that day."""
    plan = await queries.visible_plan(tx.session, plan_id, published_only=True, lock=True)
    plan.need("published")
    assert plan.published_on is not None  # noqa: S101  # the state was checked
    assert plan.closes_on is not None  # noqa: S101  # likewise
    if not plan.published_on <= on <= plan.closes_on:
        raise ApplicationsClosed(
            published_on=plan.published_on.isoformat(), closes_on=plan.closes_on.isoformat(), on=on.isoformat()
        )
    return plan


async def _applies_for_himself_once(tx: Transaction, *, plan_id: str, identity_index: str) -> None:
    if await queries.identity_on_plan(tx.session, plan_id, identity_index):
        raise AlreadyApplied
    # The account becomes the worker's own login: it must never stand for two people.
    if await queries.other_identity_of(tx.session, tx.actor.account, identity_index):
        raise AccountOfAnother


def know_bars(tx: Transaction, *, about: Plan, on: date, codes: Iterable[str]) -> None:
    answers = tx.policies.in_force(rules.applicant_bars, area=about.area, staff=about.staff, on=on)
    known = [bar["code"] for answer in answers for bar in answer.values_on(on).get("bars") or ()]
    for code in codes:
        if code not in known:
            raise UnknownBar(code=code, known=", ".join(known))
