import pytest

from common.testing import Bench, bench_fixtures
from payroll.main import service
from payroll.tests.offices import Office, seeded_parameters

opened_bench, bench = bench_fixtures(service)


@pytest.fixture
async def office(bench: Bench) -> Office:
    await bench.save(*seeded_parameters())
    return Office(bench)
