"""How what a worker owes may be settled beside pay, through the policy files."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from common.policy import NoClause
from common.policy.decisions import recompute
from common.testing import decide_here
from payroll.rules import may_settle_balance
from payroll.rules.balances import BalanceSettlements, SettlementKind

NANJING, CHANGCHUN = "320102001", "220102001"


def settled(*, area: str = NANJING, staff: str = "union_worker", on: date = date(2026, 3, 1), **facts: Any) -> Any:
    return decide_here(may_settle_balance, area=area, staff=staff, on=on, **facts)


@pytest.mark.clause("LAW-LV-21")
class TestMaySettleBalance:
    """LAW-LV-21: a debt ends by being paid, or as far as it is remitted."""

    @pytest.mark.parametrize("kind", SettlementKind)
    @pytest.mark.parametrize(
        ("amount", "owed", "found"),
        [
            pytest.param("320.00", "320.00", [], id="all of it"),
            pytest.param("0.01", "320.00", [], id="a part of it"),
            pytest.param("320.01", "320.00", ["more_than_owed"], id="no fen more"),
            pytest.param("0.01", "0.00", ["nothing_owed"], id="nothing where nothing is open"),
        ],
    )
    def test_as_far_as_it_is_open(self, kind: str, amount: str, owed: str, found: list[str]) -> None:
        decision = settled(kind=kind, amount=amount, owed=owed)

        assert (decision.clause, decision.permits) == ("LAW-LV-21", not found)
        assert [one.code for one in decision.value] == found
        assert recompute(decision) == decision.outcome

    def test_by_a_way_that_the_place_names(self) -> None:
        terms = BalanceSettlements(kinds=(SettlementKind.REPAID,))
        facts: dict[str, Any] = {"kind": SettlementKind.WRITTEN_OFF, "amount": Decimal(1), "owed": Decimal(1)}

        [finding] = may_settle_balance(terms, **facts)

        assert (finding.code, "本人交回" in finding.zh, "repaid" in finding.en) == (
            "settlement_not_allowed",
            True,
            True,
        )

    @pytest.mark.parametrize("staff", ["community_worker", "public_welfare"])
    def test_of_whoever_is_engaged_without_a_labour_contract_as_well(self, staff: str) -> None:
        assert settled(area=CHANGCHUN, staff=staff, kind="repaid", amount="1.00", owed="1.00").permits

    def test_since_the_civil_code_is_in_force(self) -> None:
        facts = {"kind": "written_off", "amount": "1.00", "owed": "1.00"}

        assert settled(on=date(2021, 1, 1), **facts).permits
        with pytest.raises(NoClause):
            settled(on=date(2020, 12, 31), **facts)
