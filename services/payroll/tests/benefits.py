"""What a county grants beside pay, for the tests of the register."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from common.actors import Role
from common.policy.documents import Dated
from common.testing import Bench, somebody
from payroll.commands import benefits as commands
from payroll.models import BenefitGrant
from payroll.rules import may_receive_benefit
from payroll.tests.offices import checked, own_figure

COUNTY, COMMUNITY, STAFF = "220102", "220102001002", "community_worker"
NEXT_COUNTY, NEXT_COMMUNITY = "220103", "220103001001"
ON = date(2026, 3, 20)

registrar = somebody(Role.HUMAN_RESOURCES, area=COUNTY, subject="registrar")
neighbour = somebody(Role.HUMAN_RESOURCES, area=NEXT_COUNTY, subject="neighbour")


def county_figures(area: str = COUNTY, *, years: int = 2) -> list[Any]:
    """A check every so many years, at most 2,000 yuan of emergency allowance."""
    place: dict[str, Any] = {"area": area, "staff": STAFF}
    return checked(
        [
            own_figure("benefit.interval", {"medical_check": years}, **place),
            own_figure("benefit.limit", {"emergency_allowance": "2000.00"}, **place),
        ]
    )


async def grants(bench: Bench, worker_id: str = "li", *, actor: Any = registrar, **changes: Any) -> BenefitGrant:
    given = {"benefit": "medical_check", "granted_on": ON, "evidence": "体检通知〔2026〕1号", "on": ON} | changes
    grant: BenefitGrant = await bench.run(commands.grant_benefit, actor=actor, worker_id=worker_id, **given)
    return grant


def grants_otherwise(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, kinds: list[dict[str, Any]], *, county: str | None = None
) -> None:
    """As if the document named these kinds; or, beside it, one of a county did."""
    policies, name = bench.runtime.policies, may_receive_benefit.name
    series = {"kinds": (Dated(date(2020, 5, 6), kinds),)}
    answers = tuple(replace(one, series=series) for one in policies.answers[name])
    if county is not None:
        own = (replace(one, clause=one.clause.model_copy(update={"area": county})) for one in answers)
        answers = (*policies.answers[name], *own)
    other = replace(policies, answers={**policies.answers, name: answers})
    monkeypatch.setattr(bench.runtime, "policies", other)
