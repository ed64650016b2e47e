"""A scheme is data: every kind of component, and what a policy file may not say."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from payroll.rules import compose_pay
from payroll.rules.composition import PayComposition


def component(code: str, kind: str, **terms: Any) -> dict[str, Any]:
    return {"component": code, "label_zh": "工资", "kind": kind, **terms}


def composed(*components: dict[str, Any], standard: str = "0.00", **facts: Any) -> dict[str, str]:
    terms = PayComposition.model_validate({"components": components})
    checked = compose_pay.facts.model_validate({"standard": standard, **facts})
    found = compose_pay(terms, **{name: getattr(checked, name) for name in compose_pay.facts.model_fields})
    return {one.component: str(one.amount) for one in found.amounts}


TABLE = component("post", "by_table", keys=["post_class", "grade"], amounts={"head|1": "3000.00", "head|2": "3300.00"})
SENIORITY = component("seniority", "per_year", amount="20.00", most_years=10)
OF_BOTH: Any = {"of": ["post", "seniority"]}
HEAD: Any = {"keys": {"post_class": "head", "grade": "2"}}


class TestKinds:
    @pytest.mark.parametrize(
        ("keys", "amount"),
        [({"post_class": "head", "grade": "1"}, "3000.00"), ({"post_class": "head", "grade": "2"}, "3300.00")],
    )
    def test_a_table_gives_the_amount_of_the_keys(self, keys: dict[str, str], amount: str) -> None:
        assert composed(TABLE, keys=keys) == {"post": amount}

    def test_keys_that_no_table_has_take_what_else_says(self) -> None:
        assert composed(TABLE | {"else": "2500.00"}, keys={"post_class": "clerk"}) == {"post": "2500.00"}

    def test_keys_that_no_table_has_are_nothing_where_the_table_is_optional(self) -> None:
        assert composed(TABLE | {"optional": True}, keys={"post_class": "clerk"}) == {}

    def test_keys_that_no_table_has_are_refused_otherwise(self) -> None:
        with pytest.raises(ValueError, match="no amount for these keys"):
            composed(TABLE, keys={"post_class": "head", "grade": "3"})

    @pytest.mark.parametrize(("years", "amount"), [(0, "0.00"), (2, "0.00"), (3, "90.00"), (4, "90.00"), (5, "150.00")])
    def test_a_table_of_years_holds_from_a_number_of_them_on(self, years: int, amount: str) -> None:
        steps = component("steps", "by_table", keys=["years"], amounts={"3": "90.00", "5": "150.00"}, optional=True)

        assert composed(steps, years=years).get("steps", "0.00") == amount

    @pytest.mark.parametrize(("years", "amount"), [(1, "20.00"), (10, "200.00"), (11, "200.00")])
    def test_years_count_up_to_the_most(self, years: int, amount: str) -> None:
        assert composed(SENIORITY, years=years) == {"seniority": amount}

    @pytest.mark.parametrize(
        ("kind", "amount", "line"),
        [
            pytest.param("floor_of", "3360.01", "0.01", id="lifted by a fen"),
            pytest.param("floor_of", "3360.00", None, id="at the floor nothing is added"),
            pytest.param("ceiling_of", "3359.99", "-0.01", id="cut by a fen"),
            pytest.param("ceiling_of", "3360.00", None, id="at the ceiling nothing is cut"),
        ],
    )
    def test_a_sum_is_lifted_to_a_floor_and_cut_to_a_ceiling(self, kind: str, amount: str, line: str | None) -> None:
        found = composed(TABLE, SENIORITY, component("line", kind, amount=amount, **OF_BOTH), years=3, **HEAD)

        assert found.get("line") == line

    @pytest.mark.parametrize(("kept", "line"), [("3360.00", None), ("3360.01", "0.01"), (None, None)])
    def test_nobody_falls_below_what_was_paid_before(self, kept: str | None, line: str | None) -> None:
        kept_level = component("kept", "kept_level")

        assert composed(kept_level, TABLE, SENIORITY, years=3, kept_level=kept, **HEAD).get("kept") == line

    def test_shares_of_what_is_not_paid_itself_divide_it(self) -> None:
        found = composed(
            TABLE | {"paid": False},
            component("fixed", "share_of", of=["post"], share="0.70"),
            component("pool", "pooled_share_of", of=["post"], share="0.30"),
            **HEAD,
        )

        assert found == {"fixed": "2310.00", "pool": "990.00"}

    def test_a_share_of_what_is_paid_comes_on_top(self) -> None:
        found = composed(TABLE, component("hardship", "share_of", of=["post"], share="0.125"), **HEAD)

        assert found == {"post": "3300.00", "hardship": "412.50"}

    def test_hours_are_paid_to_part_timers_and_the_standard_to_the_others(self) -> None:
        scheme = (component("base", "share_of_standard", share="1"), component("hours", "hourly", rate="24.50"))

        assert composed(*scheme, standard="3000.00") == {"base": "3000.00"}
        assert composed(*scheme, standard="3000.00", hours="10.33") == {"base": "0.00", "hours": "253.09"}


class TestTerms:
    @pytest.mark.parametrize(
        ("components", "words"),
        [
            pytest.param([component("a", "by_table")], "needs amounts, keys", id="a table without amounts"),
            pytest.param([SENIORITY | {"rate": "1.00"}], "has no rate", id="a figure of another kind"),
            pytest.param([TABLE | {"amounts": {"head": "1.00"}}], "has 1 parts, the keys are 2", id="a short key"),
            pytest.param(
                [component("a", "by_table", keys=["years"], amounts={"many": "1.00"})], "whole number", id="no years"
            ),
            pytest.param(
                [component("a", "floor_of", of=["post"], amount="1"), TABLE], "no component before it", id="a later one"
            ),
            pytest.param(
                [component("a", "entered"), component("b", "floor_of", of=["a"], amount="1.00")],
                "not known by the month", id="a floor of what is entered",
            ),
            pytest.param(
                [TABLE | {"paid": False}, component("a", "share_of", of=["post"], share="0.99")],
                "shares of post add up to 1", id="shares under the whole",
            ),
            pytest.param([TABLE | {"paid": False}], "nothing takes a share of it", id="an amount for nobody"),
            pytest.param(
                [TABLE, component("a", "pooled_share_of", of=["post"], share="0.50")], "not paid themselves",
                id="a pool of what is paid",
            ),
            pytest.param(
                [
                    component("a", "share_of_standard", share="0.5", in_part_month=False),
                    component("b", "share_of_standard", share="0.5"),
                ],
                "all paid in part", id="halves of one whole paid differently",
            ),
            pytest.param([component("a", "kept_level"), component("b", "kept_level")], "at most one", id="twice kept"),
            pytest.param(
                [component("kept", "kept_level"), component("least", "floor_of", of=["kept"], amount="1.00")],
                "kept tops up the sum", id="a floor of what tops up",
            ),
            pytest.param(
                [component("kept", "kept_level"), component("part", "share_of", of=["kept"], share="0.50")],
                "kept tops up the sum", id="a share of what tops up",
            ),
        ],
    )  # fmt: skip
    def test_a_policy_file_is_refused_with(self, components: list[dict[str, Any]], words: str) -> None:
        with pytest.raises(ValidationError, match=words):
            PayComposition.model_validate({"components": components})

    @pytest.mark.parametrize(("doublings", "fits"), [(5, True), (6, False)])
    def test_what_it_may_come_to_is_an_amount_that_is_reckoned_exactly(self, doublings: int, fits: bool) -> None:
        """250 million yuan for whoever has served 250 years, and each share of all before it as much again."""
        made = [component("years", "per_year", amount="1000000.00")]
        for number in range(doublings):
            made.append(component(f"share_{number}", "share_of", share="1", of=[one["component"] for one in made]))

        if fits:
            PayComposition.model_validate({"components": made})
        else:
            with pytest.raises(ValidationError, match="more than 10000000000 yuan a month"):
                PayComposition.model_validate({"components": made})

    def test_what_a_decision_recorded_reads_back(self) -> None:
        terms = PayComposition.model_validate({"components": [TABLE | {"else": "1.00"}]})

        assert PayComposition.model_validate(terms.model_dump(mode="json")) == terms
        assert terms.components[0].otherwise == Decimal("1.00")
