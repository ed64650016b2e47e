from datetime import date, timedelta
from typing import Any

import pytest

from common.policy import Decision, NoClause
from common.testing import decide_here
from contracts import rules
from contracts.rules.agreements import TermOfAgreement, months_begun

JIANGHAN, JIANGSU, JILIN = "420103001", "320102002", "220102001002"


def codes(decision: Decision[Any]) -> list[str]:
    return [finding["code"] for finding in decision.outcome]


class TestMonthsAfter:
    @pytest.mark.parametrize(
        ("day", "months", "over"),
        [
            pytest.param(date(2024, 1, 10), 12, date(2025, 1, 10), id="is the same day of the month"),
            pytest.param(date(2024, 2, 29), 12, date(2025, 3, 1), id="is the end of February without a 29th"),
            pytest.param(date(2024, 2, 29), 48, date(2028, 2, 29), id="is the 29th again after four years"),
            pytest.param(date(2024, 1, 31), 1, date(2024, 3, 1), id="is the end of a shorter month"),
            pytest.param(date(2024, 11, 30), 1, date(2024, 12, 30), id="goes into December"),
            pytest.param(date(2024, 12, 5), 1, date(2025, 1, 5), id="goes into the next year"),
            pytest.param(date(9999, 12, 1), 1, date(9999, 12, 31), id="does not leave the calendar"),
        ],
    )
    def test_the_first_day_outside(self, day: date, months: int, over: date) -> None:
        assert rules.months_after(day, months) == over

    @pytest.mark.parametrize("months", [1, 3, 12, 36])
    @pytest.mark.parametrize("day", [date(2024, 1, 31), date(2024, 2, 29), date(2023, 6, 15)])
    def test_a_month_begun_counts_whole(self, day: date, months: int) -> None:
        over = rules.months_after(day, months)

        assert months_begun(day, over) == months
        assert months_begun(day, over + timedelta(days=1)) == months + 1


@pytest.mark.clause("JH-11a")
class TestOneYearAtATime:
    """JH-11a: a public-welfare labour contract runs for exactly one year."""

    @pytest.mark.parametrize(
        ("starts_on", "ends_on", "found"),
        [
            pytest.param(date(2024, 3, 1), date(2025, 3, 1), [], id="a year to the day"),
            pytest.param(date(2024, 3, 1), date(2025, 2, 28), ["not_exact_months"], id="364 days"),
            pytest.param(date(2024, 3, 1), date(2025, 3, 2), ["not_exact_months"], id="366 days"),
            pytest.param(date(2023, 3, 1), date(2024, 3, 1), [], id="366 days where the year has a leap day"),
            pytest.param(date(2023, 3, 1), date(2024, 2, 29), ["not_exact_months"], id="365 days in a leap year"),
        ],
    )
    def test_runs_exactly_a_year(self, starts_on: date, ends_on: date, found: list[str]) -> None:
        decision = self.decided(starts_on=starts_on, ends_on=ends_on, on=starts_on)

        assert (decision.clause, codes(decision), decision.permits) == ("JH-11a", found, not found)
        assert decision.terms["kind"] == "labour_fixed"

    def test_says_the_day_on_which_it_should_end(self) -> None:
        decision = self.decided(starts_on=date(2024, 3, 1), ends_on=date(2025, 2, 28), on=date(2024, 3, 1))

        assert "2025-03-01" in decision.outcome[0]["zh"]
        assert "2025-03-01" in decision.outcome[0]["en"]

    def decided(self, *, starts_on: date, ends_on: date, on: date) -> Decision[Any]:
        facts: dict[str, Any] = {"committee_term_ends_on": None, "agreements_in_term": 0}
        rule = rules.term_of_agreement
        return decide_here(
            rule, area=JIANGHAN, staff="public_welfare", on=on, starts_on=starts_on, ends_on=ends_on, **facts
        )


@pytest.mark.clause("JL-5a")
class TestTermOfTheCommittees:
    """JL-5a: a service agreement ends with the two committees' term, and there is one for each term."""

    END = date(2026, 12, 1)

    @pytest.mark.parametrize(
        ("ends_on", "agreements", "found"),
        [
            pytest.param(END, 0, [], id="the day the term ends"),
            pytest.param(END - timedelta(days=1), 0, ["not_committee_term_end"], id="a day before"),
            pytest.param(END + timedelta(days=1), 0, ["not_committee_term_end"], id="a day after"),
            pytest.param(END, 1, ["already_agreed_this_term"], id="a second one in the term"),
        ],
    )
    def test_ends_with_the_term(self, ends_on: date, agreements: int, found: list[str]) -> None:
        decision = self.decided(ends_on=ends_on, term_ends_on=self.END, agreements=agreements)

        assert (decision.clause, codes(decision)) == ("JL-5a", found)
        assert decision.terms["kind"] == "service_agreement"

    def test_asks_for_the_term_where_it_is_not_known(self) -> None:
        assert codes(self.decided(ends_on=self.END, term_ends_on=None)) == ["committee_term_unknown"]

    def test_is_not_ruled_before_the_change_of_committees(self) -> None:
        with pytest.raises(NoClause):
            self.decided(ends_on=self.END, term_ends_on=self.END, on=date(2020, 12, 31))

    def decided(
        self, *, ends_on: date, term_ends_on: date | None, agreements: int = 0, on: date = date(2021, 12, 1)
    ) -> Decision[Any]:
        facts: dict[str, Any] = {"committee_term_ends_on": term_ends_on, "agreements_in_term": agreements}
        rule = rules.term_of_agreement
        return decide_here(
            rule, area=JILIN, staff="community_worker", on=on, starts_on=date(2021, 12, 1), ends_on=ends_on, **facts
        )


class TestTermElsewhere:
    @pytest.mark.clause("LAW-LCL-12")
    @pytest.mark.parametrize(("area", "staff"), [(JIANGSU, "union_worker"), (JIANGHAN, "open_recruitment")])
    def test_is_free_by_national_law(self, area: str, staff: str) -> None:
        """LAW-LCL-12."""
        days: dict[str, Any] = {"starts_on": date(2024, 3, 1), "ends_on": date(2024, 9, 17)}
        facts: dict[str, Any] = {"committee_term_ends_on": None, "agreements_in_term": 0}
        decision = decide_here(rules.term_of_agreement, area=area, staff=staff, on=date(2024, 3, 1), **days, **facts)

        assert (decision.clause, decision.permits, decision.terms["kind"]) == ("LAW-LCL-12", True, "labour_fixed")

    @pytest.mark.parametrize(("days", "found"), [(0, []), (1, ["too_long"])], ids=["at the limit", "a day beyond"])
    def test_a_longest_term_is_held(self, days: int, found: list[str]) -> None:
        terms = TermOfAgreement(kind="labour_fixed", longest_months=24)
        ends_on = date(2026, 3, 1) + timedelta(days=days)
        facts: dict[str, Any] = {"committee_term_ends_on": None, "agreements_in_term": 0}

        findings = rules.term_of_agreement(terms, starts_on=date(2024, 3, 1), ends_on=ends_on, **facts)

        assert [finding.code for finding in findings] == found


class TestPartiesOfAgreement:
    """JH-11a, JL-5a and, where no local document speaks, LAW-LCL-16."""

    @pytest.mark.parametrize(
        ("area", "staff", "clause", "employer"),
        [
            pytest.param(JIANGHAN, "public_welfare", "JH-11a", "lead_department", marks=pytest.mark.clause("JH-11a")),
            pytest.param(JILIN, "community_worker", "JL-5a", "street_office", marks=pytest.mark.clause("JL-5a")),
            pytest.param(
                JIANGSU, "union_worker", "LAW-LCL-16", "lead_department", marks=pytest.mark.clause("LAW-LCL-16")
            ),
        ],
    )
    def test_are_the_employer_and_the_worker(self, area: str, staff: str, clause: str, employer: str) -> None:
        decision = decide_here(rules.parties_of_agreement, area=area, staff=staff, on=date(2024, 1, 1))

        assert (decision.clause, decision.permits) == (clause, True)
        assert decision.outcome == {"parties": [employer, "worker"]}


@pytest.mark.clause("LAW-LCL-10")
class TestSignedInTime:
    """LAW-LCL-10: within a month of the first working day, that day counted."""

    @pytest.mark.parametrize(
        ("signed_on", "in_time"),
        [
            pytest.param(date(2026, 1, 10), True, id="on the first day"),
            pytest.param(date(2026, 2, 9), True, id="on the last day of the month"),
            pytest.param(date(2026, 2, 10), False, id="a day later"),
        ],
    )
    def test_within_a_month(self, signed_on: date, in_time: bool) -> None:
        facts: dict[str, Any] = {"works_from": date(2026, 1, 10), "signed_on": signed_on}
        decision = decide_here(rules.signed_in_time, area=JIANGSU, staff="union_worker", on=signed_on, **facts)

        assert (decision.clause, decision.outcome) == ("LAW-LCL-10", in_time)

    def test_is_not_asked_of_a_service_agreement(self) -> None:
        facts: dict[str, Any] = {"works_from": date(2026, 1, 10), "signed_on": date(2026, 1, 10)}
        with pytest.raises(NoClause):
            decide_here(rules.signed_in_time, area=JILIN, staff="community_worker", on=date(2026, 1, 10), **facts)


@pytest.mark.clause("LAW-LCL-19")
class TestProbation:
    """LAW-LCL-19: the longest probation goes by the term; one for the same employer and worker."""

    @pytest.mark.parametrize(
        ("months", "longest"), [(2, 0), (3, 1), (11, 1), (12, 2), (24, 2), (35, 2), (36, 6), (60, 6)]
    )
    def test_is_permitted_up_to_the_limit_and_not_one_month_beyond(self, months: int, longest: int) -> None:
        assert codes(self.decided(months, probation=longest)) == []
        assert codes(self.decided(months, probation=longest + 1)) == ["probation_too_long"]

    @pytest.mark.parametrize(
        ("days", "found"), [(0, []), (-1, ["probation_too_long"])], ids=["a year", "a day short of a year"]
    )
    def test_a_year_includes_the_year_itself(self, days: int, found: list[str]) -> None:
        assert codes(self.decided(12, probation=2, days=days)) == found

    def test_there_is_none_at_a_renewal(self) -> None:
        assert codes(self.decided(12, probation=1, first=False)) == ["probation_at_renewal"]
        assert codes(self.decided(12, probation=0, first=False)) == []

    def test_is_not_foreseen_in_a_service_agreement(self) -> None:
        with pytest.raises(NoClause):
            self.decided(12, probation=1, area=JILIN, staff="community_worker")

    def decided(
        self,
        months: int,
        *,
        probation: int,
        days: int = 0,
        first: bool = True,
        area: str = JIANGSU,
        staff: str = "union_worker",
    ) -> Decision[Any]:
        starts_on = date(2024, 3, 1)
        return decide_here(
            rules.probation_findings,
            area=area,
            staff=staff,
            on=starts_on,
            starts_on=starts_on,
            ends_on=rules.months_after(starts_on, months) + timedelta(days=days),
            probation_months=probation,
            first_agreement=first,
        )


@pytest.mark.clause("LAW-LCL-19")
class TestLongestProbation:
    """LAW-LCL-19: the same limits told before a contract is drafted, also for contracts without a length."""

    @pytest.mark.parametrize(
        ("kind", "months", "longest"),
        [
            ("labour_fixed", 2, 0), ("labour_fixed", 3, 1), ("labour_fixed", 11, 1), ("labour_fixed", 12, 2),
            ("labour_fixed", 35, 2), ("labour_fixed", 36, 6), ("labour_fixed", None, 0),
            ("labour_open", None, 6), ("labour_task", None, 0), ("labour_task", 36, 0), ("labour_part_time", 36, 0),
        ],
    )  # fmt: skip
    def test_goes_by_kind_and_length(self, kind: str, months: int | None, longest: int) -> None:
        on = date(2024, 3, 1)
        decision = decide_here(
            rules.longest_probation, area=JIANGSU, staff="union_worker", on=on, kind=kind, months=months
        )

        assert (decision.clause, decision.outcome) == ("LAW-LCL-19", longest)

    @pytest.mark.parametrize("months", range(61))
    def test_is_what_may_be_agreed_and_not_a_month_more(self, months: int) -> None:
        starts_on = date(2024, 3, 1)
        place: dict[str, Any] = {"area": JIANGSU, "staff": "union_worker", "on": starts_on}
        term: dict[str, Any] = {
            "starts_on": starts_on,
            "ends_on": rules.months_after(starts_on, months),
            "first_agreement": True,
        }
        longest = decide_here(rules.longest_probation, **place, kind="labour_fixed", months=months).value

        assert codes(decide_here(rules.probation_findings, **place, **term, probation_months=longest)) == []
        assert codes(decide_here(rules.probation_findings, **place, **term, probation_months=longest + 1)) != []
