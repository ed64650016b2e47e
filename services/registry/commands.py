from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from common.areas import Level, area_at, level_of, within
from common.errors import BusinessError, NotFound
from common.events.registry import (
    CertificateRegistered,
    FilingAccepted,
    FilingReturned,
    FilingSubmitted,
    OrganisationRegistered,
    PostOpened,
    QuotaDetermined,
)
from common.fields import Sealer
from common.ids import new_id
from common.policy import Decision
from common.transaction import About, Transaction
from registry import queries, rules
from registry.models import Certificate, Filing, Organisation, Post, Quota


class AlreadyRegistered(BusinessError):
    zh = "组织 {organisation_id} 已登记；需要更改请使用“变更组织数据”。"
    en = "Organisation {organisation_id} is registered already; change its figures instead."


class QuotaNotDetermined(BusinessError):
    zh = "组织 {organisation_id} 尚未核定“{staff}”的岗位定额，请先核定。"
    en = "No quota has been determined for {staff} at {organisation_id}; determine it first."


class CertificateAlreadyRegistered(BusinessError):
    zh = "该证书已登记，不能重复登记。"
    en = "This certificate is registered already."


async def register_organisation(
    tx: Transaction,
    *,
    organisation_id: str | None,
    name: str,
    kind: str,
    area: str,
    unions: int | None,
    workers: int | None,
    households: int | None,
    committee_term_ends_on: date | None,
) -> Organisation:
    organisation_id = organisation_id or new_id("organisation")
    if not within(area, tx.actor.area):
        raise NotFound(what=f"area {area}")

    organisation = Organisation(
        organisation_id=organisation_id,
        name=name,
        kind=kind,
        area=area,
        unions=unions,
        workers=workers,
        households=households,
        committee_term_ends_on=committee_term_ends_on,
    )
    try:
        async with tx.session.begin_nested():  # the constraint answers for organisations nobody here sees as well
            tx.session.add(organisation)
    except IntegrityError as error:
        raise AlreadyRegistered(organisation_id=organisation_id) from error
    tx.emit(_as_told(organisation))
    return organisation


async def change_organisation_figures(
    tx: Transaction,
    *,
    organisation_id: str,
    version: int,
    unions: int | None,
    workers: int | None,
    households: int | None,
    committee_term_ends_on: date | None,
) -> Organisation:
    organisation = await queries.organisation(tx.session, organisation_id, lock=True)
    organisation.check_version(version)

    organisation.unions = unions
    organisation.workers = workers
    organisation.households = households
    organisation.committee_term_ends_on = committee_term_ends_on
    await tx.session.flush()  # the answer carries the version
    tx.emit(_as_told(organisation))
    return organisation


async def determine_quota(tx: Transaction, *, organisation_id: str, staff: str, on: date) -> Quota:
    organisation = await queries.organisation(tx.session, organisation_id, lock=True)
    quota = await queries.quota(tx.session, organisation_id, staff=staff)

    about = About(organisation.area, staff, organisation_id)
    decision = await tx.decide(rules.quota_for_organisation, about=about, on=on, figures=organisation.figures())
    tx.record(decision, subject=organisation_id)

    if quota is None:
        quota = Quota(organisation_id=organisation_id, staff=staff, area=organisation.area)
        tx.session.add(quota)
    quota.lowest, quota.highest = decision.value.lowest, decision.value.highest
    quota.obligation = decision.value.obligation
    quota.clause, quota.decision_id, quota.determined_on = decision.clause, decision.decision_id, on
    tx.emit(
        QuotaDetermined(
            organisation_id=organisation_id,
            area=quota.area,
            staff=staff,
            lowest=quota.lowest,
            highest=quota.highest,
            obligation=quota.obligation,
            clause=quota.clause,
            decision_id=quota.decision_id,
        )
    )
    return quota


async def open_post(
    tx: Transaction, *, organisation_id: str, staff: str, post_class: str, on: date, reason: str | None
) -> Post:
    organisation = await queries.organisation(tx.session, organisation_id, lock=True)
    about = About(organisation.area, staff, organisation_id)
    await _count_alone(tx, about)

    decisions: list[Decision[Any]] = []
    place = await tx.decide_where_ruled(rules.may_hold_posts, about=about, on=on, organisation_kind=organisation.kind)
    if place is not None:
        decisions.append(place)
    ruled = tx.policies.in_force(rules.may_open_post, area=about.area, staff=staff, on=on)
    if ruled:
        quota = await queries.quota(tx.session, organisation_id, staff=staff)
        if quota is None:
            raise QuotaNotDetermined(organisation_id=organisation_id, staff=staff)
        decisions.append(
            await tx.decide(
                rules.may_open_post,
                about=about,
                on=on,
                posts_open=await queries.posts_open(tx.session, organisation_id, staff=staff),
                quota_highest=quota.highest,
                posts_open_in_county=await queries.posts_open_in_county(tx.session, organisation.area, staff=staff),
                reason_given=bool(reason),
            )
        )
    tx.require(*decisions, subject=organisation_id)

    post = Post(
        post_id=new_id("post"),
        organisation_id=organisation_id,
        area=organisation.area,
        staff=staff,
        post_class=post_class,
        opened_on=on,
        reason=reason,
    )
    tx.session.add(post)
    tx.emit(
        PostOpened(
            post_id=post.post_id,
            organisation_id=organisation_id,
            area=post.area,
            staff=staff,
            post_class=post_class,
            opened_on=on,
        )
    )
    return post


async def register_certificate(
    tx: Transaction, *, worker_id: str, kind: str, level: str, number: str, on: date, sealer: Sealer
) -> Certificate:
    worker = await queries.worker(tx.session, worker_id)

    certificate_id = new_id("certificate")
    certificate = Certificate(
        certificate_id=certificate_id,
        worker_id=worker_id,
        area=worker.area,
        kind=kind,
        level=level,
        number_sealed=sealer.seal(number, place=f"certificate|number|{certificate_id}"),
        number_index=sealer.index(number, column="certificate.number"),
        registered_on=on,
    )
    tx.session.add(certificate)
    try:
        await tx.session.flush()  # the constraint answers for certificates outside the caller's area as well
    except IntegrityError as error:
        raise CertificateAlreadyRegistered from error
    tx.emit(
        CertificateRegistered(
            certificate_id=certificate_id,
            worker_id=worker_id,
            area=worker.area,
            kind=kind,
            level=level,
            registered_on=on,
        )
    )
    return certificate


async def submit_filing(tx: Transaction, *, filing_id: str, on: date) -> Filing:
    filing = await queries.filing(tx.session, filing_id)

    filing.move(needed=("open",), status="submitted", step="submitted", account=tx.actor.account, on=on)
    tx.emit(
        FilingSubmitted(
            filing_id=filing_id, worker_id=filing.worker_id, area=filing.area, submitted_on=on, correction=False
        )
    )
    return filing


async def return_filing(tx: Transaction, *, filing_id: str, on: date, reason: str) -> Filing:
    filing = await queries.filing(tx.session, filing_id)
    await _require_receiver(tx, filing, on)

    account = tx.actor.account
    filing.move(needed=("submitted",), status="returned", step="returned", account=account, on=on, words=reason)
    tx.emit(
        FilingReturned(filing_id=filing_id, worker_id=filing.worker_id, area=filing.area, returned_on=on, reason=reason)
    )
    return filing


async def correct_filing(tx: Transaction, *, filing_id: str, on: date, explanation: str) -> Filing:
    filing = await queries.filing(tx.session, filing_id)

    account = tx.actor.account
    filing.move(needed=("returned",), status="submitted", step="corrected", account=account, on=on, words=explanation)
    tx.emit(
        FilingSubmitted(
            filing_id=filing_id, worker_id=filing.worker_id, area=filing.area, submitted_on=on, correction=True
        )
    )
    return filing


async def accept_filing(tx: Transaction, *, filing_id: str, on: date) -> Filing:
    filing = await queries.filing(tx.session, filing_id)
    await _require_receiver(tx, filing, on)

    filing.move(needed=("submitted",), status="accepted", step="accepted", account=tx.actor.account, on=on)
    number = await tx.session.scalar(text("SELECT nextval('filing_receipt')"))
    filing.receipt_number = f"{area_at(filing.area, Level.PROVINCE)}-{on:%Y}-{number:08d}"
    tx.emit(
        FilingAccepted(
            filing_id=filing_id,
            worker_id=filing.worker_id,
            area=filing.area,
            accepted_on=on,
            receipt_number=filing.receipt_number,
        )
    )
    return filing


async def _require_receiver(tx: Transaction, filing: Filing, on: date) -> None:
    filing.need_another_than_its_reporters(tx.actor.account)
    level = level_of(tx.actor.area)
    decision = await tx.decide(rules.may_accept_filing, about=filing, on=on, acceptor_level=level)
    tx.require(decision, subject=filing.worker_id)


async def _count_alone(tx: Transaction, about: About) -> None:
    """Two offices opening posts in one county at once must not both see the last free place."""
    county = area_at(about.area, Level.COUNTY) or about.area
    await tx.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:place, 0))"), {"place": f"posts|{county}|{about.staff}"}
    )


def _as_told(organisation: Organisation) -> OrganisationRegistered:
    return OrganisationRegistered(
        organisation_id=organisation.organisation_id,
        name=organisation.name,
        kind=organisation.kind,
        area=organisation.area,
        unions=organisation.unions,
        workers=organisation.workers,
        households=organisation.households,
        committee_term_ends_on=organisation.committee_term_ends_on,
    )
