from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Actor, Role
from common.testing import ISSUER, Bench, bench_fixtures, somebody
from contracts import commands
from contracts.main import service
from contracts.models import Agreement, Engagement, ExitCase, Organisation, YearlyGrade

opened_bench, bench = bench_fixtures(service)

PLACES = {
    "union_worker": ("320102002", "320102", Role.LEAD_DEPARTMENT),
    "community_worker": ("220102001002", "220102001", Role.STREET_OFFICE),
    "public_welfare": ("420103001", "420103", Role.LEAD_DEPARTMENT),
    "open_recruitment": ("420103001", "420103", Role.LEAD_DEPARTMENT),
    "purchased_service": ("420103001", "420103", Role.LEAD_DEPARTMENT),
}


@dataclass
class Desk:
    """One worker of a kind and the offices that deal with him; days are given, everything else is usual."""

    bench: Bench
    staff: str

    @property
    def office(self) -> Actor:
        return self.clerk("clerk")

    @property
    def worker(self) -> Actor:
        return somebody(Role.WORKER, area=PLACES[self.staff][1], subject="chen")

    def clerk(self, subject: str) -> Actor:
        _, area, role = PLACES[self.staff]
        return somebody(role, area=area, subject=subject)

    async def hire(self, *, on: date, post_class: str = "ordinary", term_ends_on: date | None = None) -> None:
        area = PLACES[self.staff][0]
        await self.bench.save(
            Organisation(organisation_id="organisation-1", area=area, committee_term_ends_on=term_ends_on),
            Engagement(
                worker_id="worker-1",
                organisation_id="organisation-1",
                area=area,
                staff=self.staff,
                post_class=post_class,
                account=f"{ISSUER}|chen",
                hired_on=on,
                left_on=None,
            ),
        )

    async def grade(self, **passed: bool) -> None:
        """`await desk.grade(y2023=False)`"""
        area = PLACES[self.staff][0]
        for year, one in passed.items():
            grade = "qualified" if one else "not_qualified"
            row = {"area": area, "staff": self.staff, "grade": grade, "passed": one}
            await self.bench.save(YearlyGrade(worker_id="worker-1", year=int(year[1:]), **row))

    async def draft(self, starts_on: date, ends_on: date, **given: Any) -> Agreement:
        usual: dict[str, Any] = {
            "worker_id": "worker-1",
            "starts_on": starts_on,
            "ends_on": ends_on,
            "probation_months": 0,
            "monthly_pay": Decimal("4200.00"),
            "duties": "负责辖区企业建会和职工维权服务",
            "place": "街道总工会",
            "on": starts_on,
        }
        return await self.bench.run(commands.draft_agreement, actor=self.office, **{**usual, **given})

    async def renew(self, agreement: Agreement, starts_on: date, ends_on: date) -> Agreement:
        days = {"starts_on": starts_on, "ends_on": ends_on, "on": starts_on}
        return await self.bench.run(
            commands.renew_agreement, actor=self.office, agreement_id=agreement.agreement_id, **days
        )

    async def sign(self, agreement: Agreement, *, party: Role, on: date, actor: Actor | None = None) -> Agreement:
        signer = actor or (self.worker if party is Role.WORKER else self.office)
        return await self.bench.run(
            commands.sign_agreement, actor=signer, agreement_id=agreement.agreement_id, party=party, on=on
        )

    async def sign_all(self, agreement: Agreement, *, on: date | None = None) -> Agreement:
        for party in agreement.parties:
            agreement = await self.sign(agreement, party=Role(party), on=on or agreement.drafted_on)
        return agreement

    async def agrees(self, starts_on: date, ends_on: date, **given: Any) -> Agreement:
        """Drafted and signed by all."""
        return await self.sign_all(await self.draft(starts_on, ends_on, **given))

    async def open_exit(self, ground: str, *, on: date, actor: Actor | None = None, **given: Any) -> ExitCase:
        usual: dict[str, Any] = {
            "worker_id": "worker-1",
            "legal_ground": None,
            "statutory_procedure_on": None,
            "evidence": "见考核表和谈话记录",
        }
        return await self.bench.run(
            commands.open_exit_case, actor=actor or self.office, ground=ground, on=on, **{**usual, **given}
        )

    async def hear(self, case: ExitCase, *, on: date) -> ExitCase:
        hearing = {"case_id": case.case_id, "on": on, "statement": "本人无异议"}
        return await self.bench.run(commands.hold_exit_hearing, actor=self.office, **hearing)

    async def decide(
        self, case: ExitCase, *, on: date, left_on: date | None, leaves: bool = True, actor: Actor | None = None
    ) -> ExitCase:
        decision = {"case_id": case.case_id, "on": on, "leaves": leaves, "left_on": left_on}
        return await self.bench.run(commands.decide_exit_case, actor=actor or self.clerk("head of section"), **decision)


@pytest.fixture
def jiangsu(bench: Bench) -> Desk:
    """Union workers under a labour contract."""
    return Desk(bench, "union_worker")


@pytest.fixture
def jilin(bench: Bench) -> Desk:
    """Community workers under a service agreement."""
    return Desk(bench, "community_worker")


@pytest.fixture
def jianghan(bench: Bench) -> Desk:
    """Public-welfare staff, a year at a time."""
    return Desk(bench, "public_welfare")
