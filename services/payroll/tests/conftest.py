from dataclasses import replace
from datetime import date

import pytest

from common.policy.documents import Dated
from common.testing import Bench, bench_fixtures
from payroll.main import service
from payroll.rules import certificate_allowance
from payroll.tests.offices import Office, seeded_parameters

opened_bench, bench = bench_fixtures(service)


@pytest.fixture
async def office(bench: Bench) -> Office:
    await bench.save(*seeded_parameters())
    return Office(bench)


@pytest.fixture
def left_to_counties(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the document of Jilin left the allowances to each county's choice, from 200 to 5,000 yuan."""
    policies, rule = bench.runtime.policies, certificate_allowance.name
    amounts = (Dated(date(2020, 5, 6), {"chosen_by": "county", "between": [200, 5000]}),)
    answers = tuple(replace(one, series={**one.series, "amounts": amounts}) for one in policies.answers[rule])
    opened = replace(policies, answers={**policies.answers, rule: answers})
    monkeypatch.setattr(bench.runtime, "policies", opened)
    monkeypatch.setattr(bench.runtime.consumer, "policies", opened)
