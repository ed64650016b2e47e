"""How a person's tax is withheld in a year: the basic deduction, what was paid before, the way an annual bonus goes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from common.actors import Actor
from common.errors import BusinessError, NotFound, SamePerson
from common.money import in_yuan, whole_fen
from common.policy import Decision
from common.transaction import About, Transaction, seeing
from payroll import rules
from payroll.commands.changes import note_change
from payroll.models import Payee, TaxCard
from payroll.queries import accounts
from payroll.queries import tax_cards as queries
from payroll.queries.last_year import incomes_of_whole_year
from payroll.queries.tax_cards import TaxYear, Totals
from payroll.rules.bonus import BonusWays, Way
from payroll.rules.cycles import first_day
from payroll.rules.tax import BasicMode

MONTHS_OF_YEAR = 12
CAUSE = "tax_card"


class ModeFixed(BusinessError):
    zh = "{year} 年已按“{mode}”预扣个人所得税，减除方式年内不变；全年多退少补在汇算清缴时办理。"
    en = (
        "Tax of {year} is being withheld by '{mode}'; the way of deducting stays for the year, the settlement mends it."
    )


async def set_tax_card(
    tx: Transaction,
    *,
    worker_id: str,
    organisation_id: str,
    year: int,
    paid_before_this_year: bool,
    whole_last_year_here: bool,
    income_last_year: Decimal,
    ordinary_agreed: bool,
    evidence: str,
    opening: Mapping[str, Decimal | int],
    on: date,
) -> TaxCard:
    """The mode follows from the facts. Where last year was paid from here, its facts are taken from the slips.

    `opening`: yuan by name, and `months`, that this employer paid this year before the platform kept it.
    """
    of = TaxYear(worker_id, organisation_id, year)
    payee = await _employed(tx, of)
    if payee.account == tx.actor.account:
        raise SamePerson(what="tax_card.own")
    card = await queries.tax_card(tx.session, of, lock=True)
    last = await queries.year_here(tx.session, replace(of, year=year - 1))
    whole_year_known = last.months == MONTHS_OF_YEAR
    decision = await tx.decide(
        rules.mode_of_basic_deduction,
        about=About(payee.area, payee.staff, organisation_id),
        on=date(year, 1, 1),
        paid_before_this_year=paid_before_this_year,
        whole_last_year_here=whole_year_known or whole_last_year_here,
        income_last_year=in_yuan(last.gross) if whole_year_known else income_last_year,
        ordinary_agreed=ordinary_agreed,
    )
    await _require_same_mode(tx, of, card, decision.value, about=About(payee.area, payee.staff, organisation_id))

    tx.record(decision, subject=worker_id)
    card = card or _new_card(tx, payee, of)
    card.mode = decision.value
    card.decision_id = decision.decision_id
    card.evidence = evidence
    card.opening = {name: _kept(name, amount) for name, amount in opening.items()}
    card.set_by = tx.actor.account
    await _note(tx, payee, card)
    return card


def _kept(name: str, amount: Decimal | int) -> int:
    return int(amount) if name == "months" else whole_fen(Decimal(amount))


async def _require_same_mode(
    tx: Transaction, of: TaxYear, card: TaxCard | None, mode: BasicMode, *, about: About
) -> None:
    so_far = await queries.year_so_far(tx.session, of)
    if so_far.months and mode != (before := await _mode(tx, of, card, about=about)):
        raise ModeFixed(year=of.year, mode=str(before))


async def _mode(tx: Transaction, of: TaxYear, card: TaxCard | None, *, about: About) -> str:
    """What the card says; where it says nothing, what follows from last year's slips, as for a batch."""
    if card is not None and card.mode is not None:
        return card.mode
    async with seeing(tx.session, area=""):
        incomes = await incomes_of_whole_year(tx.session, [of.worker_id], before=of.year)
    income = incomes.get((of.worker_id, of.organisation_id))
    if income is None:
        return BasicMode.EMPLOYMENT_MONTHS
    decision = await tx.decide_where_ruled(
        rules.mode_of_basic_deduction,
        about=about,
        on=date(of.year, 1, 1),
        paid_before_this_year=True,
        whole_last_year_here=True,
        income_last_year=in_yuan(income),
    )
    return decision.value if decision else BasicMode.EMPLOYMENT_MONTHS


class WayNotOpen(BusinessError):
    zh = "{year} 年全年一次性奖金不能单独计税：没有生效的条款，或本年已经单独计税 {times} 次。请并入综合所得。"
    en = "An annual bonus cannot be taxed apart in {year}: no clause in force, or it was done {times} times already."


async def choose_bonus_way(
    tx: Transaction, *, worker_id: str, organisation_id: str, year: int, way: Way | None, on: date
) -> TaxCard:
    """The person's own choice, by himself or through the office; none leaves the better way to be taken."""
    of = TaxYear(worker_id, organisation_id, year)
    payee = await _employed(tx, of)
    card = await queries.tax_card(tx.session, of, lock=True)
    if way == "separate":
        await _require_open(tx, payee, of)

    card = card or _new_card(tx, payee, of)
    card.bonus_way = way
    card.set_by = tx.actor.account
    await _note(tx, payee, card)
    return card


async def _require_open(tx: Transaction, payee: Payee, of: TaxYear) -> None:
    on, nothing = date(of.year, 12, 31), Decimal("0.00")
    times = await queries.bonuses_taxed_apart(tx.session, worker_id=of.worker_id, year=of.year)
    apart = await tx.decide_where_ruled(rules.tax_bonus_apart, about=payee, on=on, bonus=nothing)
    if apart is not None:
        facts = {"wage_tax": nothing, "merged_tax": nothing, "bonus_tax": nothing, "times_used": times}
        ways = await tx.decide(rules.better_way_for_bonus, about=payee, on=on, **facts)
        if ways.value.separate is not None:
            return
    raise WayNotOpen(year=of.year, times=times)


def _new_card(tx: Transaction, payee: Payee, of: TaxYear) -> TaxCard:
    card = TaxCard(
        worker_id=of.worker_id,
        organisation_id=of.organisation_id,
        year=of.year,
        area=payee.area,
        evidence="",
        opening={},
    )
    tx.session.add(card)
    return card


async def _note(tx: Transaction, payee: Payee, card: TaxCard) -> None:
    """What was withheld stays withheld: only a run that is not sealed yet comes out differently."""
    last = await queries.last_sealed_month(tx.session, worker_id=payee.worker_id)
    await note_change(
        tx,
        area=payee.area,
        worker_id=payee.worker_id,
        staff=payee.staff,
        from_month=_after(last) if last else f"{card.year}-01",
        cause=CAUSE,
        reference=card.organisation_id,
    )


def _after(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}"


async def _employed(tx: Transaction, of: TaxYear) -> Payee:
    payee = await accounts.payee(tx.session, worker_id=of.worker_id)
    if payee is None or (tx.actor.is_for_himself and payee.account != tx.actor.account):
        raise NotFound(what=f"person {of.worker_id}")
    if not await queries.has_employed(tx.session, worker_id=of.worker_id, organisation_id=of.organisation_id):
        raise NotFound(what=f"organisation {of.organisation_id}")
    return payee


async def may_see(session: AsyncSession, actor: Actor, *, worker_id: str) -> bool:
    """A worker sees his own."""
    payee = await accounts.payee(session, worker_id=worker_id)
    return payee is not None and (not actor.is_for_himself or payee.account == actor.account)


# ── both ways of an annual bonus, shown ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class ShownWays:
    """By what was paid this year so far, and by the whole year if the last month went on to December."""

    so_far: BonusWays
    whole_year: BonusWays | None
    chosen: str | None


class PaidInAnotherYear(BusinessError):
    status = 422
    zh = "发放月份 {paid_in} 不在 {year} 纳税年度内；请改填该年度的月份，或查询相应年度。"
    en = "{paid_in} does not lie in the tax year {year}: give a month of it, or ask for the other year."


async def show_bonus_ways(
    tx: Transaction, *, worker_id: str, organisation_id: str, year: int, bonus: Decimal, paid_in: str
) -> ShownWays:
    """What an annual bonus of so many yuan, paid in that month, bears in tax by either way. Nothing is kept."""
    if int(paid_in[:4]) != year:
        raise PaidInAnotherYear(paid_in=paid_in, year=year)
    of = TaxYear(worker_id, organisation_id, year)
    payee = await _employed(tx, of)
    card = await queries.tax_card(tx.session, of)
    kept = await queries.year_so_far(tx.session, of)
    so_far = kept.opened_with(card.opening) if card else kept
    last = await queries.last_month(tx.session, of)
    ask = _Ways(tx, payee, of, on=first_day(paid_in), card=card)
    times = await queries.bonuses_taxed_apart(tx.session, worker_id=worker_id, year=year)

    month = int(paid_in[5:])
    whole_year = None
    if last is not None:
        left = MONTHS_OF_YEAR - int(last[0][5:])
        whole_year = await ask.ways(so_far.plus(last[1], times=left), bonus, month=MONTHS_OF_YEAR, times=times)
    return ShownWays(
        so_far=await ask.ways(so_far, bonus, month=month, times=times),
        whole_year=whole_year,
        chosen=card.bonus_way if card else None,
    )


@dataclass(frozen=True)
class _Ways:
    tx: Transaction
    payee: Payee
    of: TaxYear
    on: date
    card: TaxCard | None

    async def ways(self, totals: Totals, bonus: Decimal, *, month: int, times: int) -> BonusWays:
        apart = await self.tx.decide_where_ruled(rules.tax_bonus_apart, about=self.payee, on=self.on, bonus=bonus)
        decision = await self._ask(
            rules.better_way_for_bonus,
            wage_tax=await self._tax(totals, month=month),
            merged_tax=await self._tax(totals, month=month, more=bonus),
            bonus_tax=apart.value.tax if apart else None,
            times_used=times,
        )
        ways: BonusWays = decision.value
        return ways

    async def _tax(self, totals: Totals, *, month: int, more: Decimal = Decimal("0.00")) -> Decimal:
        served = await queries.months_served(self.tx.session, self.of, month=month)
        counted = await self._ask(
            rules.months_of_basic_deduction,
            mode=await _mode(self.tx, self.of, self.card, about=self._about),
            employed_months=max(served, totals.months, 1),
            month=month,
        )
        amounts = {name: in_yuan(getattr(totals, name)) for name in ("exempt", "special", "additional", "other")}
        withheld = await self._ask(
            rules.withhold_cumulatively,
            months=counted.value.months,
            income=in_yuan(totals.income) + more,
            **amounts,
        )
        tax: Decimal = withheld.value.tax
        return max(tax - in_yuan(totals.relief), Decimal("0.00"))

    async def _ask(self, rule: Any, **facts: Any) -> Decision[Any]:
        return await self.tx.decide(rule, about=self._about, on=self.on, **facts)

    @property
    def _about(self) -> About:
        return About(self.payee.area, self.payee.staff, self.of.organisation_id)
