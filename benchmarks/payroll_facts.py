"""A county's facts in payroll's tables, as the other services would have told them: made in the database itself."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from common.policy import ParameterRow
from common.policy.seeds import load_seeds
from common.settings import ROOT
from payroll.models import Parameter, ParameterStatus

COUNTY = "220102"
STAFF = "community_worker"
MONTH = "2026-03"
FIRST_DAY = "2026-03-01"
A_STREET = 1000  # people in a street
MOST = 999 * A_STREET

# Every tenth worker comes within the month and has no base of contributions yet; every third holds a certificate,
# every second reports a deduction.
_FACTS = """
CREATE TEMPORARY TABLE bench_worker AS
SELECT
    n,
    'worker-' || lpad(n::text, 8, '0') AS worker_id,
    '{county}' || lpad((n / {a_street} + 1)::text, 3, '0') AS street,
    'organisation-{county}' || lpad((n / {a_street} + 1)::text, 3, '0') AS organisation_id,
    (ARRAY['head', 'committee_member', 'ordinary'])[n % 3 + 1] AS post_class,
    CASE WHEN n % 10 = 0 THEN DATE '{first_day}' + n % 28 ELSE DATE '2024-01-01' END AS since
FROM generate_series(0, {people} - 1) n;

INSERT INTO payee (worker_id, name, account, identity_masked, hired_on, staff, area)
SELECT worker_id, 'w' || n, 'bench|' || worker_id, '220***********' || lpad((n % 10000)::text, 4, '0'), since,
    '{staff}', street FROM bench_worker;

INSERT INTO agreement (agreement_id, worker_id, organisation_id, post_class, kind, starts_on, signed_on, staff, area)
SELECT 'agreement-' || n, worker_id, organisation_id, post_class, 'service_agreement', since, since, '{staff}', street
FROM bench_worker;

INSERT INTO certificate (worker_id, level, registered_on, area)
SELECT worker_id, (ARRAY['assistant_social_worker', 'social_worker', 'senior_social_worker'])[n / 3 % 3 + 1],
    DATE '2025-06-01', street FROM bench_worker WHERE n % 3 = 0;

INSERT INTO evaluation_score (worker_id, year, score, grade, area)
SELECT worker_id, 2025, 60 + n % 41, 'qualified', street FROM bench_worker;

INSERT INTO standing_entry (worker_id, code, from_month, amount, entered_by, area)
SELECT worker_id, 'additional.children_education', '2026-01', 100000 + 100000 * (n % 2), 'bench', street
FROM bench_worker WHERE n % 2 = 0;

INSERT INTO entry (worker_id, month, cycle, code, amount, entered_by, area)
SELECT worker_id, '{month}', 'month', 'overtime_pay', 1000 + n % 50000, 'bench', street
FROM bench_worker WHERE n % 20 = 0;

INSERT INTO contribution_base (worker_id, scheme, from_month, amount, source, set_by, area)
SELECT worker_id, scheme, '2026-01', 400000 + n % 997 * 1000, 'bench', 'bench', street
FROM bench_worker, unnest(ARRAY['pension', 'medical', 'unemployment', 'injury', 'housing_fund']) AS scheme
WHERE n % 10 <> 0;

INSERT INTO tax_card (worker_id, organisation_id, year, mode, evidence, opening, set_by, area)
SELECT worker_id, organisation_id, 2026, 'employment_months', 'bench',
    jsonb_build_object('income', 1200000 + n % 991 * 2000, 'special', 200000, 'withheld', 5000, 'months', 2),
    'bench', street FROM bench_worker WHERE n % 10 <> 0;

INSERT INTO pay_standard (standard_id, post_class, grade, monthly_amount, starts_on, source, status, drafted_by,
    approved_by, approved_on, staff, area)
SELECT 'standard-' || post_class, post_class, 1, amount, DATE '2024-01-01', 'bench', 'approved', 'bench', 'bench-2',
    DATE '2024-01-01', '{staff}', '{county}'
FROM (VALUES ('head', 6380.50), ('committee_member', 5123.45), ('ordinary', 4567.89)) AS one (post_class, amount);

DROP TABLE bench_worker;
"""


_ALLOWANCES = ParameterRow(
    "allowances",
    "table.certificate_allowance",
    COUNTY,
    STAFF,
    date(2024, 1, 1),
    {"assistant_social_worker": "200.00", "social_worker": "300.00", "senior_social_worker": "400.00"},
    "bench",
)


def parameters() -> list[Parameter]:
    """The policy files' own figures and the county's, as if all had been entered from documents and checked."""
    entered = date(2026, 1, 5)
    return [
        Parameter(
            parameter_id=f"parameter-{number}",
            code=row.code,
            area=row.area,
            staff=row.staff,
            starts_on=row.starts_on,
            value=row.value,
            source=row.source[:400],
            confidence="H",
            status=ParameterStatus.IN_FORCE,
            entered_by="bench",
            entered_on=entered,
            checked_by="bench-2",
            checked_on=entered,
        )
        for number, row in enumerate((*load_seeds(ROOT / "policies").rows, _ALLOWANCES))
    ]


@dataclass(frozen=True)
class Facts:
    people: int

    @property
    def streets(self) -> int:
        return -(-self.people // A_STREET)

    async def tell(self, admin: Any) -> None:
        """Into empty tables, with planner statistics as a database in use has them. `admin`: a superuser's asyncpg."""
        if self.people > MOST:
            raise ValueError(f"a county has streets for {MOST} people")
        script = _FACTS.format(
            county=COUNTY, a_street=A_STREET, people=self.people, staff=STAFF, month=MONTH, first_day=FIRST_DAY
        )
        await admin.execute(script)
        await admin.execute("VACUUM ANALYZE")
