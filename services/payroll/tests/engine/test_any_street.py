"""What holds for any street: pools go out whole, splitting changes nothing, a year's tax is the year's tax."""

from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from payroll import rules
from payroll.engine import work_out
from payroll.engine.results import entries_of
from payroll.engine.rows import CHUNK
from payroll.tests.engine.streets import (
    PLAIN,
    SCHEME,
    TAX,
    Person,
    Stretch,
    answers,
    batch_of,
    lines_of,
    total,
)

YUAN = st.integers(0, 3_000_000).map(lambda fen: str(Decimal(fen) / 100))
DAYS = st.tuples(st.integers(1, 31), st.integers(1, 31)).map(sorted)
POOL: Any = [
    {"component": "base", "label_zh": "基础", "kind": "share_of_standard", "share": "0.70"},
    {"component": "pool", "label_zh": "绩效", "kind": "pooled_share_of_standard", "share": "0.30"},
]
INSURED = answers(
    contributions_amounts={
        "schemes": [
            SCHEME | {"floor": "4494.00", "ceiling": "22467.00"},
            SCHEME | {"scheme": "housing_fund", "employer": "0.08", "unit": "1", "worker_fixed": "7.00"},
        ]
    }
)
EARNING = PLAIN | INSURED
SHARING = PLAIN | answers(pay_composition={"components": POOL}, pool_shares={"weigh_by": "score_and_share"})


@st.composite
def people(draw: Any, most: int = 12) -> list[Person]:
    found = []
    for number in range(draw(st.integers(1, most))):
        first, last = draw(DAYS)
        found.append(
            Person(
                f"worker-{number:03}",
                [Stretch(first, last, draw(YUAN))],
                score=draw(st.integers(0, 100).map(str)),
                entered={"additional": draw(YUAN)} if draw(st.booleans()) else {},
                year={"months": draw(st.integers(1, 3)), "income": draw(YUAN), "withheld": "0.00"},
            )
        )
    return found


class TestAnyStreet:
    @settings(deadline=None, max_examples=60)
    @given(street=people())
    def test_a_pool_goes_out_to_the_fen(self, street: list[Person]) -> None:
        results = work_out(batch_of(*street, by=SHARING))

        for pool in results.pools:
            assert int(pool.shares.sum()) == int(pool.brought_in.sum())
            assert (pool.shares >= 0).all()

    @settings(deadline=None, max_examples=60)
    @given(street=people(), at=st.integers(0, 12))
    def test_split_differently_gives_the_same_slips(self, street: list[Person], at: int) -> None:
        def slips(*some: Person) -> list[bytes]:
            batch = batch_of(*some, by=EARNING)
            return entries_of(batch, work_out(batch))

        parts = [part for part in (street[:at], street[at:]) if part]

        assert [entry for part in parts for entry in slips(*part)] == slips(*street)

    @settings(deadline=None, max_examples=30)
    @given(street=people(), seed=st.randoms())
    def test_the_order_of_people_does_not_matter(self, street: list[Person], seed: Any) -> None:
        mixed = list(street)
        seed.shuffle(mixed)

        assert work_out(batch_of(*mixed, by=SHARING)).root == work_out(batch_of(*street, by=SHARING)).root

    @settings(deadline=None, max_examples=60)
    @given(street=people(most=4))
    def test_gives_each_person_what_the_rules_say_of_one(self, street: list[Person]) -> None:
        results = work_out(batch_of(*street, by=EARNING))
        terms = {name: said.terms for name, said in {**EARNING, **TAX}.items()}
        for slip, person in enumerate(street):
            stretch = person.stretches[0]
            days = {"first_day": f"2026-03-{stretch.first_day:02}", "last_day": f"2026-03-{stretch.last_day:02}"}
            earned = asked(rules.pay_for_part_of_month, terms, monthly=stretch.standard, periods=[days])
            owed = asked(rules.contribution_amounts, terms, pay=stretch.standard)
            tax = asked(
                rules.withhold_cumulatively,
                terms,
                months=person.year["months"],
                income=str(Decimal(person.year["income"]) + earned),
                special=str(owed.worker),
                additional=person.entered.get("additional", "0.00"),
            )
            if results.paid[slip]:
                assert total(results, "gross", slip) == str(earned)
                assert total(results, "contributions", slip) == str(owed.worker)
                assert total(results, "employer_contributions", slip) == str(owed.employer)
                assert total(results, "tax", slip) == str(tax.withhold)
            else:
                assert earned < owed.worker + tax.withhold

    @settings(deadline=None, max_examples=25)
    @given(months=st.lists(st.tuples(YUAN, YUAN), min_size=12, max_size=12))
    def test_what_is_withheld_over_a_year_is_the_years_tax_or_leaves_a_carry(
        self, months: list[tuple[str, str]]
    ) -> None:
        so_far = {"income": Decimal(0), "additional": Decimal(0), "withheld": Decimal(0)}
        for number, (pay, additional) in enumerate(months, start=1):
            year = {"months": number, **{name: str(amount) for name, amount in so_far.items()}}
            person = Person(stretches=[Stretch(standard=pay)], entered={"additional": additional}, year=year)
            results = work_out(batch_of(person, month=f"2026-{number:02}"))
            assert results.paid.all()
            for column, name in (("income", "income"), ("additional", "additional"), ("tax", "withheld")):
                so_far[name] += Decimal(total(results, column))
        settled = rules.settle_year(
            rules.settle_year.terms.model_validate(
                {"basic_yearly": "60000.00", "brackets": TAX["tax.cumulative_withholding"].terms.brackets}  # type: ignore[attr-defined]
            ),
            **so_far,
            exempt=Decimal(0),
            special=Decimal(0),
            other=Decimal(0),
            relief=Decimal(0),
        )

        assert settled.due <= 0
        assert so_far["withheld"] >= settled.tax


def asked(rule: Any, terms: dict[str, Any], **facts: Any) -> Any:
    checked = rule.facts.model_validate(facts)
    return rule(terms[rule.name], **{name: getattr(checked, name) for name in rule.facts.model_fields})


class TestALargeStreet:
    def test_is_worked_out_in_pieces_as_in_one(self) -> None:
        """One more person than fits into a piece, all sharing one pool."""
        street = [Person(f"worker-{number:05}", score=str(number % 7)) for number in range(CHUNK + 1)]

        results = work_out(batch_of(*street, by=SHARING))

        pool = results.pools[0]
        assert len(pool.slips) == CHUNK + 1
        assert int(pool.shares.sum()) == int(pool.brought_in.sum()) == 120000 * (CHUNK + 1)
        assert int(results.columns["gross"].sum()) == int(results.line_amount[results.line_code <= 1].sum())
        assert lines_of(results, CHUNK)["base"] == "2800.00"
        assert np.all(np.diff(results.line_slip) >= 0)
