"""What a month's pay is made of, through the policy files."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from common.policy import ParameterMissing
from common.testing import decide_here
from payroll.rules import certificate_allowance, compose_pay, pay_for_part_of_month, share_pool
from payroll.rules.composition import PayComposition
from payroll.rules.pay import CertificateAllowance, CertificateLevel, PartialMonth, PoolShares
from payroll.tests.offices import NO_STEPS, certificate_allowances

CHANGCHUN = "220102001002"
NANJING = "320102001"
JIANGHAN = "420103001"
MARCH = date(2026, 3, 1)

RISING = {"assistant_social_worker": 200, "social_worker": 300, "senior_social_worker": 400}


def amounts(decision: Any) -> dict[str, Decimal]:
    return {one.component: one.amount for one in decision.value.amounts}


class TestPayComposition:
    """JL-4c, JS-6b, JH-13b, JH-13c: what pay is made of."""

    @pytest.mark.clause("JL-4c")
    def test_jilin_pays_seven_parts_by_grade_and_pools_three(self) -> None:
        decision = decide_here(
            compose_pay, area=CHANGCHUN, staff="community_worker", on=MARCH, standard=Decimal("4000.00")
        )

        assert decision.clause == "JL-4c"
        assert amounts(decision) == {"base": Decimal("2800.00"), "performance": Decimal("1200.00")}

    @pytest.mark.clause("JL-4c")
    def test_the_allowance_comes_on_top_of_the_two(self) -> None:
        decision = decide_here(
            compose_pay,
            area=CHANGCHUN,
            staff="community_worker",
            on=MARCH,
            standard=Decimal("4000.00"),
            allowance=Decimal("300.00"),
        )

        assert amounts(decision)["certificate_allowance"] == Decimal("300.00")

    @pytest.mark.clause("JL-4c")
    @given(fen=st.integers(min_value=0, max_value=10**8))
    def test_the_shares_add_up_to_the_standard_to_the_fen(self, fen: int) -> None:
        standard = Decimal(fen) / 100

        decision = decide_here(compose_pay, area=CHANGCHUN, staff="community_worker", on=MARCH, standard=standard)

        assert sum(amounts(decision).values()) == standard

    @pytest.mark.clause("JS-6b")
    @pytest.mark.parametrize(
        ("entered", "performance"),
        [
            pytest.param(Decimal("1200.50"), Decimal("1200.50"), id="what was entered comes beside the base"),
            pytest.param(None, Decimal("0.00"), id="what nobody entered is nothing"),
        ],
    )
    def test_jiangsu_pays_the_standard_and_what_was_entered(
        self, entered: Decimal | None, performance: Decimal
    ) -> None:
        decision = decide_here(
            compose_pay,
            area=NANJING,
            staff="union_worker",
            on=MARCH,
            own=NO_STEPS,
            standard=Decimal("5000.00"),
            entered=entered,
        )

        assert decision.clause == "JS-6b"
        assert amounts(decision) == {"base": Decimal("5000.00"), "performance": performance}

    @pytest.mark.clause("JH-13b", "JH-13c")
    @pytest.mark.parametrize(("staff", "clause"), [("public_welfare", "JH-13b"), ("open_recruitment", "JH-13c")])
    def test_jianghan_pays_the_standard_alone(self, staff: str, clause: str) -> None:
        decision = decide_here(compose_pay, area=JIANGHAN, staff=staff, on=MARCH, standard=Decimal("3000.00"))

        assert decision.clause == clause
        assert amounts(decision) == {"base": Decimal("3000.00")}

    @pytest.mark.parametrize(
        "components",
        [
            pytest.param([("base", "share_of_standard", "0.99")], id="shares under the whole"),
            pytest.param(
                [("base", "share_of_standard", "0.70"), ("pool", "pooled_share_of_standard", "0.31")],
                id="shares over the whole",
            ),
            pytest.param(
                [("pay", "share_of_standard", "0.50"), ("pay", "pooled_share_of_standard", "0.50")], id="a code twice"
            ),
            pytest.param([("base", "share_of_standard", None)], id="a share without its figure"),
            pytest.param(
                [("base", "share_of_standard", "1.00"), ("bonus", "entered", "0.10")], id="an entry with a share"
            ),
            pytest.param(
                [("base", "share_of_standard", "1"), ("a", "entered", None), ("b", "entered", None)],
                id="two entries",
            ),
            pytest.param([], id="nothing at all"),
        ],
    )
    def test_a_policy_file_is_refused_with(self, components: list[tuple[str, str, str | None]]) -> None:
        with pytest.raises(ValidationError):
            PayComposition.model_validate(
                {
                    "components": [
                        {"component": code, "label_zh": "工资", "kind": kind, "share": share}
                        for code, kind, share in components
                    ]
                }
            )


def period(first: int, last: int) -> dict[str, date]:
    return {"first_day": date(2026, 3, first), "last_day": date(2026, 3, last)}


class TestPartOfMonth:
    """LAW-PAY-PART: 21.75 paid days; March 2026 has 22 weekdays and begins on a Sunday."""

    @pytest.mark.clause("LAW-PAY-PART")
    @pytest.mark.parametrize(
        ("periods", "pay"),
        [
            pytest.param([period(1, 31)], "4350.00", id="the whole month is the whole pay"),
            pytest.param([period(31, 31)], "200.00", id="one weekday is one day's pay"),
            pytest.param([period(28, 29)], "0.00", id="a weekend alone is nothing"),
            pytest.param([period(16, 31)], "2400.00", id="twelve weekdays"),
            pytest.param([period(3, 31)], "4200.00", id="twenty-one weekdays"),
            pytest.param([period(2, 31)], "4350.00", id="twenty-two weekdays are no more than the month"),
            pytest.param([period(2, 3), period(30, 31)], "800.00", id="two spells add up"),
        ],
    )
    def test_pays_a_day_for_each_weekday_in_the_post(self, periods: list[dict[str, date]], pay: str) -> None:
        decision = decide_here(
            pay_for_part_of_month, area=CHANGCHUN, staff="community_worker", on=MARCH,
            monthly=Decimal("4350.00"), periods=periods,
        )  # fmt: skip

        assert decision.clause == "LAW-PAY-PART"
        assert decision.value == Decimal(pay)

    @pytest.mark.parametrize(
        ("method", "pay"),
        [
            pytest.param("by_calendar_days", "2064.52", id="16 of 31 days"),
            pytest.param("by_working_days", "2181.82", id="12 of 22 weekdays"),
        ],
    )
    def test_a_document_may_name_another_method(self, method: str, pay: str) -> None:
        terms = PartialMonth.model_validate({"method": method})
        facts = pay_for_part_of_month.facts.model_validate({"monthly": "4000.00", "periods": [period(16, 31)]})

        assert pay_for_part_of_month(terms, **dict(facts)) == Decimal(pay)

    def test_the_fixed_number_of_days_must_be_named_where_it_is_used(self) -> None:
        with pytest.raises(ValidationError):
            PartialMonth.model_validate({"method": "by_21_75"})


class TestPoolShares:
    """JL-4c: the street shares what its workers' posts bring in, by results."""

    @pytest.mark.clause("JL-4c")
    def test_by_scores(self) -> None:
        decision = decide_here(
            share_pool,
            area=CHANGCHUN,
            staff="community_worker",
            on=MARCH,
            brought_in={"li": Decimal("1200.00"), "wang": Decimal("1200.00"), "zhao": Decimal("1200.00")},
            scores={"li": 90, "wang": 60, "zhao": 0},
        )

        assert decision.clause == "JL-4c"
        assert decision.value == {
            "li": Decimal("2160.00"), "wang": Decimal("1440.00"), "zhao": Decimal("0.00")
        }  # fmt: skip

    @pytest.mark.clause("JL-4c")
    @given(
        people=st.lists(st.tuples(st.integers(0, 10**7), st.decimals("0.01", "100", places=2)), min_size=1, max_size=30)
    )
    def test_adds_up_to_the_pool_to_the_fen(self, people: list[tuple[int, Decimal]]) -> None:
        brought_in = {f"worker-{number:02}": Decimal(fen) / 100 for number, (fen, _) in enumerate(people)}
        scores = {f"worker-{number:02}": score for number, (_, score) in enumerate(people)}

        shares = decide_here(
            share_pool, area=CHANGCHUN, staff="community_worker", on=MARCH, brought_in=brought_in, scores=scores
        ).value

        assert sum(shares.values()) == sum(brought_in.values())
        assert min(shares.values()) >= 0

    def test_a_document_may_weigh_by_what_each_brought_in_as_well(self) -> None:
        terms = PoolShares.model_validate({"weigh_by": "score_and_share"})

        shares = share_pool(
            terms,
            brought_in={"li": Decimal("1000.00"), "wang": Decimal("500.00")},
            scores={"li": Decimal(80), "wang": Decimal(80)},
        )

        assert shares == {"li": Decimal("1000.00"), "wang": Decimal("500.00")}


class TestCertificateAllowance:
    """JL-4d: at least 200 a month, rising with the level; the county sets the amounts."""

    @pytest.mark.clause("JL-4d")
    @pytest.mark.parametrize(
        ("level", "amount"),
        [("assistant_social_worker", "200.00"), ("social_worker", "300.00"), ("senior_social_worker", "400.00")],
    )
    def test_pays_what_the_county_entered_for_the_level(self, level: str, amount: str) -> None:
        decision = decide_here(
            certificate_allowance,
            area=CHANGCHUN,
            staff="community_worker",
            on=MARCH,
            own=[certificate_allowances(RISING)],
            level=level,
        )

        assert decision.clause == "JL-4d"
        assert decision.value == Decimal(amount)

    @pytest.mark.clause("JL-4d")
    def test_nothing_is_assumed_before_the_county_has_entered_it(self) -> None:
        with pytest.raises(ParameterMissing, match=r"table\.certificate_allowance"):
            decide_here(
                certificate_allowance,
                area=CHANGCHUN,
                staff="community_worker",
                on=MARCH,
                level=CertificateLevel.SOCIAL_WORKER,
            )

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"assistant_social_worker": "199.99"}, id="a fen under the lowest"),
            pytest.param({"social_worker": "200.00"}, id="two levels alike"),
            pytest.param({"senior_social_worker": "299.99"}, id="a level that falls"),
            pytest.param({"chief": "500.00"}, id="a level nobody knows"),
        ],
    )
    def test_refuses(self, changes: dict[str, str]) -> None:
        with pytest.raises(ValidationError):
            CertificateAllowance.model_validate({"lowest": "200.00", "amounts": RISING | changes})

    def test_refuses_a_level_left_out(self) -> None:
        with pytest.raises(ValidationError):
            CertificateAllowance.model_validate(
                {"lowest": "200.00", "amounts": {"assistant_social_worker": 200, "social_worker": 300}}
            )
