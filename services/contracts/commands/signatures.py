from datetime import date

from common.actors import Role
from common.errors import BusinessError, SamePerson
from common.events.contracts import AgreementSigned
from common.transaction import Transaction
from contracts import queries, rules
from contracts.models import Agreement, Engagement


class NotTheirSignature(BusinessError):
    status = 403
    zh = "您不能代“{party}”签署协议 {agreement_id}：单位一方须由具有该角色的经办人签署，本人一方须由本人账号签署。"
    en = (
        "You cannot sign agreement {agreement_id} for {party}: an office signs by somebody who has its role, "
        "the worker by the worker's own account."
    )


class SignedBeforeDrafting(BusinessError):
    zh = "签署日 {on} 早于起草日 {drafted_on}，请更正 on。"
    en = "The signature's day {on} lies before the drafting on {drafted_on}; correct on."


async def sign_agreement(tx: Transaction, *, agreement_id: str, party: Role, on: date) -> Agreement:
    agreement = await queries.agreement(tx.session, agreement_id)
    engagement = await queries.engagement(tx.session, agreement.worker_id)
    engagement.check_active()
    agreement.check_party(party)
    _check_signer(tx, agreement, engagement, party=party)
    if on < agreement.drafted_on:
        raise SignedBeforeDrafting(on=on, drafted_on=agreement.drafted_on)

    agreement.sign(party=party, account=tx.actor.account, on=on)
    if agreement.signed_on is None:
        return agreement
    works_from = agreement.starts_on if agreement.renewal_of else engagement.hired_on
    in_time = await tx.decide_where_ruled(
        rules.signed_in_time,
        about=agreement,
        on=agreement.signed_on,
        works_from=works_from,
        signed_on=agreement.signed_on,
    )
    if in_time is not None:
        tx.record(in_time, subject=agreement.worker_id)
        agreement.signed_late = not in_time.permits

    tx.emit(
        AgreementSigned(
            agreement_id=agreement.agreement_id,
            worker_id=agreement.worker_id,
            organisation_id=agreement.organisation_id,
            area=agreement.area,
            staff=agreement.staff,
            post_class=agreement.post_class,
            kind=agreement.kind,
            starts_on=agreement.starts_on,
            ends_on=agreement.ends_on,
            signed_on=agreement.signed_on,
            monthly_pay=agreement.monthly_pay,
            renewal_of=agreement.renewal_of,
            probation_ends_on=(
                rules.months_after(agreement.starts_on, agreement.probation_months)
                if agreement.probation_months
                else None
            ),
        )
    )
    return agreement


def _check_signer(tx: Transaction, agreement: Agreement, engagement: Engagement, *, party: Role) -> None:
    own = party is Role.WORKER and tx.actor.account == engagement.account
    office = party is not Role.WORKER and party in tx.actor.roles
    if not (own or office):
        raise NotTheirSignature(party=str(party), agreement_id=agreement.agreement_id)
    worker_for_office = office and tx.actor.account == engagement.account
    if worker_for_office or agreement.signed_by(tx.actor.account):
        raise SamePerson(what=f"agreement {agreement.agreement_id}")
