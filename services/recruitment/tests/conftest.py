"""A recruitment played on the bench, step by step; each test stops where its question lies."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.actors import Actor, Role
from common.areas import Level, area_at
from common.events.registry import OrganisationRegistered, PostOpened
from common.identity import with_check_digit
from common.testing import Bench, bench_fixtures, somebody
from recruitment import commands
from recruitment.main import service
from recruitment.models import Application, HeadcountRequest, Plan
from recruitment.rules import Education, OwnConditions

opened_bench, bench = bench_fixtures(service)

STREETS = {"union_worker": "320102002", "community_worker": "220102001", "open_recruitment": "420103001"}
DRAFTED_ON = date(2024, 8, 20)
PUBLISHED_ON = date(2024, 9, 2)
CLOSES_ON = date(2024, 9, 11)
EXAM_ON = date(2024, 9, 14)


def identity_number(born: str = "19950615", order: int = 1) -> str:
    return with_check_digit(f"110101{born}{order:03d}")


@dataclass
class Desk:
    """The county's recruitment desk for one kind of staff: organisation `org-1` with its posts, clerk and approvers."""

    bench: Bench
    staff: str = "union_worker"
    told: int = 0
    people: list[str] = field(default_factory=list)

    @property
    def street(self) -> str:
        return STREETS.get(self.staff, "420103001")

    @property
    def county(self) -> str:
        return self.street[:6]

    @property
    def clerk(self) -> Actor:
        return somebody(Role.LEAD_DEPARTMENT, area=self.county)

    def office(self, role: str, level: str = "county", subject: str | None = None) -> Actor:
        area = area_at(self.county, Level(level)) or ""
        return somebody(Role(role), area=area, subject=subject or role)

    def applicant(self, subject: str) -> Actor:
        return somebody(Role.APPLICANT, area=self.county, subject=subject)

    async def hear(self, *events: Any) -> None:
        for event in events:
            self.told += 1
            await self.bench.hear(event, sequence=self.told)

    async def open_posts(self, *post_ids: str) -> None:
        await self.hear(
            OrganisationRegistered(organisation_id="org-1", name="街道组织", kind="street_union", area=self.street),
            *(
                PostOpened(
                    post_id=post_id,
                    organisation_id="org-1",
                    area=self.street,
                    staff=self.staff,
                    post_class="ordinary",
                    opened_on=date(2024, 8, 1),
                )
                for post_id in post_ids
            ),
        )

    async def approved_headcount(self, positions: int) -> HeadcountRequest:
        request = await self.bench.run(
            commands.request_headcount,
            actor=self.clerk,
            area=self.county,
            staff=self.staff,
            organisation_id="org-1",
            positions=positions,
            figures={name: Decimal(3) for name in ("economy", "staff_gap", "enterprises", "workers", "funds")},
            on=DRAFTED_ON,
        )
        return await self.bench.run(
            commands.approve_headcount,
            actor=self.office("superior_union", "city"),
            request_id=request.request_id,
            on=DRAFTED_ON,
        )

    async def drafted(
        self,
        *post_ids: str,
        conditions: OwnConditions | None = None,
        actor: Actor | None = None,
        command: Callable[..., Awaitable[Plan]] = commands.draft_plan,
        **other: Any,
    ) -> Plan:
        given: dict[str, Any] = {
            "title": "招聘方案",
            "area": self.county,
            "staff": self.staff,
            "organisation_id": "org-1",
            "post_ids": post_ids or ("post-1",),
            "conditions": conditions or OwnConditions(),
            "extra_conditions": [],
            "on": DRAFTED_ON,
            "hire_by": None,
        }
        return await self.bench.run(command, actor=actor or self.clerk, **(given | other))

    async def ready_to_draft(self, *post_ids: str) -> None:
        await self.open_posts(*post_ids)
        if self.staff == "union_worker":
            await self.approved_headcount(len(post_ids))

    async def approved(self, *post_ids: str, conditions: OwnConditions | None = None) -> Plan:
        post_ids = post_ids or ("post-1",)
        await self.ready_to_draft(*post_ids)
        plan = await self.drafted(*post_ids, conditions=conditions)
        for step in plan.steps:
            plan = await self.bench.run(
                commands.approve_plan,
                actor=self.office(step.office, step.level, subject=f"approver-{step.office}"),
                plan_id=plan.plan_id,
                on=date(2024, 8, 26),
            )
        return plan

    async def published(self, *post_ids: str, conditions: OwnConditions | None = None) -> Plan:
        plan = await self.approved(*post_ids, conditions=conditions)
        return await self.bench.run(
            commands.publish_notice,
            actor=self.clerk,
            plan_id=plan.plan_id,
            published_on=PUBLISHED_ON,
            closes_on=CLOSES_ON,
        )

    async def applied(self, plan: Plan, subject: str = "applicant", **other: Any) -> Application:
        self.people.append(subject)
        given: dict[str, Any] = {
            "name": "张三",
            "identity_number": identity_number(order=len(self.people)),
            "education": Education.BACHELOR,
            "statuses": [],
            "certificate_level": None,
            "declared_bars": [],
            "phone": None,
            "household_area": None,
            "unemployed_months": None,
            "graduated_on": None,
            "on": date(2024, 9, 4),
        }
        return await self.bench.run(
            commands.apply,
            actor=self.applicant(subject),
            sealer=self.bench.runtime.sealer,
            plan_id=plan.plan_id,
            **(given | other),
        )

    async def record(self, application: Application, stage: str, **result: Any) -> Any:
        given: dict[str, Any] = {"on": EXAM_ON, "passed": None, "score": None, "found_bars": {}, "note": None}
        return await self.bench.run(
            commands.record_stage,
            actor=self.clerk,
            sealer=self.bench.runtime.sealer,
            application_id=application.application_id,
            stage=stage,
            **(given | result),
        )

    async def examined(self, application: Application, written: int | str = 80, interview: int | str = 80) -> None:
        await self.record(application, "qualification_review")
        await self.record(application, "written_exam", score=Decimal(written))
        await self.record(application, "second_review", passed=True)
        await self.record(application, "interview", score=Decimal(interview))

    async def ranked(self, plan: Plan, on: date = EXAM_ON) -> list[str]:
        ranking = await self.bench.run(commands.decide_ranking, actor=self.clerk, plan_id=plan.plan_id, on=on)
        return [one.application_id for one in ranking.order]

    async def checked(self, *applications: Application) -> None:
        for application in applications:
            await self.record(application, "background_check", passed=True)
            await self.record(application, "medical", passed=True)

    async def put_up(self, plan: Plan, *, starts_on: date = date(2024, 9, 18), working_days: int = 5) -> Any:
        return await self.bench.run(
            commands.start_public_notice,
            actor=self.clerk,
            plan_id=plan.plan_id,
            starts_on=starts_on,
            working_days=working_days,
        )

    async def on_notice(self, *post_ids: str, people: Sequence[str] = ("applicant",)) -> tuple[Plan, list[Application]]:
        """A plan whose selected people are up on public notice until 25 September 2024; earlier people score higher."""
        plan = await self.published(*post_ids)
        applications = [await self.applied(plan, subject) for subject in people]
        for place, application in enumerate(applications):
            await self.examined(application, written=90 - place, interview=90 - place)
        await self.ranked(plan)
        await self.checked(*applications[: plan.positions])
        await self.put_up(plan)
        return plan, applications

    async def object_to(self, application: Application, *, on: date, subject: str = "neighbour") -> Any:
        return await self.bench.run(
            commands.raise_objection,
            actor=self.applicant(subject),
            sealer=self.bench.runtime.sealer,
            application_id=application.application_id,
            on=on,
            content="情况不实",
        )

    async def answer(self, objection: Any, *, upheld: bool, on: date, actor: Actor | None = None) -> Any:
        return await self.bench.run(
            commands.answer_objection,
            actor=actor or self.clerk,
            sealer=self.bench.runtime.sealer,
            objection_id=objection.objection_id,
            on=on,
            upheld=upheld,
            answer="经核查",
        )

    async def hire(self, application: Application, *, on: date, post_id: str = "post-1") -> Application:
        return await self.bench.run(
            commands.hire,
            actor=self.clerk,
            sealer=self.bench.runtime.sealer,
            application_id=application.application_id,
            on=on,
            post_id=post_id,
        )

    async def status(self, application: Application) -> str:
        async with self.bench.session() as session:
            found = await session.get(Application, application.application_id)
            assert found is not None
            return found.status


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)
