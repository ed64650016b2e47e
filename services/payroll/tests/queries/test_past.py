from datetime import UTC, date, datetime
from typing import Any

import pytest

from payroll.engine.columns import Past
from payroll.models import Entry, Payee, Placement
from payroll.tests.queries.conftest import EMPLOYER, PLACE, STREET, Street

OTHER_STREET = "220102002"
OTHER_PLACE = "220102002001"


def seen(past: Past) -> dict[str, tuple[int, dict[str, int], int]]:
    """By worker: the slip that takes the difference, what was paid, the change that caused it."""
    return {
        worker_id: (
            int(past.mine[row]),
            {code: int(column[row]) for code, column in past.paid.items() if column[row]},
            int(past.change_id[row]),
        )
        for row, worker_id in enumerate(past.inputs.worker_ids)
    }


async def move(street: Street, worker_id: str, on: date, *, employer: str = "community-9") -> None:
    await street.bench.save(
        Placement(
            worker_id=worker_id, starts_on=on, transfer_id=f"t-{worker_id}", area=OTHER_PLACE,
            organisation_id=employer, post_class="ordinary", staff="community_worker",
        )
    )  # fmt: skip


class TestEarlierMonths:
    """A month whose run is sealed is worked out again when something that holds in it has changed since."""

    async def test_none_where_nothing_has_changed(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}})

        assert (await street.loads()).batch.past == ()

    @pytest.mark.parametrize(
        ("from_month", "months"),
        [
            pytest.param("2026-01", ["2026-01", "2026-02"], id="from its first sealed month"),
            pytest.param("2025-06", ["2026-01", "2026-02"], id="months without a run are none"),
            pytest.param("2026-02", ["2026-02"], id="not the months before it"),
            pytest.param("2026-03", [], id="this month's is in its facts"),
            pytest.param("2026-04", [], id="a later one waits"),
        ],
    )
    async def test_which_months_a_change_touches(self, street: Street, from_month: str, months: list[str]) -> None:
        await street.has("li")
        for month in ("2026-01", "2026-02"):
            await street.was_paid(month, {"li": {"base_pay": 300000}})
        change = await street.changed("li", from_month)

        loaded = await street.loads()

        assert [past.inputs.month for past in loaded.batch.past] == months
        assert loaded.considered == ([] if from_month == "2026-04" else [change])

    async def test_only_sealed_ones(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}}, status="reviewed")
        await street.changed("li", "2026-01")

        assert (await street.loads()).batch.past == ()

    async def test_a_settled_change_is_not_looked_at_again(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}}, calculated_at=datetime(2026, 6, 5, tzinfo=UTC))
        await street.changed("li", "2026-01", settled_by="run-1")

        loaded = await street.loads()

        assert (loaded.batch.past, loaded.considered) == ((), [])

    async def test_nor_one_that_the_last_sealed_batch_knew(self, street: Street) -> None:
        await street.has("li")
        change = await street.changed("li", "2026-01")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}}, considered=[change])

        loaded = await street.loads()

        assert (loaded.batch.past, loaded.considered) == ((), [])

    async def test_the_whole_street_comes_with_what_was_paid_until_now(self, street: Street) -> None:
        await street.has("li")
        await street.has("wang")
        await street.was_paid("2026-01", {"li": {"base_pay": 300000, "tax": 1000}, "wang": {"base_pay": 310000}})
        await street.was_paid(
            "2026-02",
            {"li": {"base_pay": 300000}, "wang": {"base_pay": 310000}},
            later={("li", "base_pay", "2026-01"): 5000, ("li", "base_pay", "2025-12"): 7},
        )
        change = await street.changed("li", "2026-01")

        january, february = (await street.loads()).batch.past

        assert seen(january) == {
            "li": (0, {"base_pay": 305000, "tax": 1000}, change),
            "wang": (1, {"base_pay": 310000}, change),
        }
        assert seen(february)["li"] == (0, {"base_pay": 300000}, change)

    async def test_it_is_worked_out_from_what_was_entered_for_it(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}})
        await street.bench.save(
            Entry(
                worker_id="li",
                area=PLACE,
                month="2026-02",
                cycle="month",
                code="overtime_pay",
                amount=5,
                entered_by="c",
            )
        )
        await street.changed("li", "2026-02")

        [february] = (await street.loads()).batch.past

        assert february.inputs.entered["overtime_pay"].tolist() == [5]
        assert february.answers["pay.composition"].clause == "JL-4c"


class TestChangesOfEverybody:
    """A parameter or a standard of the place or of one above or within it, for this kind of staff or for all."""

    @pytest.mark.parametrize(
        ("changes", "touches"),
        [
            pytest.param({"area": "22"}, True, id="of the province"),
            pytest.param({"area": ""}, True, id="of the nation"),
            pytest.param({"area": PLACE}, True, id="of a community in the street"),
            pytest.param({"area": OTHER_STREET}, False, id="of another street"),
            pytest.param({"area": "22", "staff": "community_worker"}, True, id="for this kind of staff"),
            pytest.param({"area": "22", "staff": "public_welfare"}, False, id="for another kind of staff"),
        ],
    )
    async def test_touches_the_street(self, street: Street, changes: dict[str, Any], touches: bool) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}})
        change = await street.changed(None, "2026-01", cause="parameter", **changes)

        loaded = await street.loads()

        assert [seen(past) for past in loaded.batch.past] == (
            [{"li": (0, {"base_pay": 300000}, change)}] if touches else []
        )
        assert loaded.considered == ([change] if touches else [])

    async def test_is_known_to_each_batch_for_itself(self, street: Street) -> None:
        await street.has("li")
        change = await street.changed(None, "2026-01", area="22")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}}, considered=[change])
        await street.has("wang", area=OTHER_PLACE)
        await street.was_paid("2026-02", {"wang": {"base_pay": 1}}, street=OTHER_STREET)

        assert (await street.loads()).considered == []
        assert (await street.loads(street=OTHER_STREET)).considered == [change]


class TestPeopleWhoMoveAndGo:
    async def test_somebody_hired_late_is_owed_the_months_before(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}})
        await street.has("wang", starts_on=date(2026, 2, 10))
        change = await street.changed("wang", "2026-02", cause="agreement")

        [february] = (await street.loads()).batch.past

        assert seen(february) == {"li": (0, {"base_pay": 300000}, change), "wang": (1, {}, change)}
        assert february.inputs.first_day.tolist() == [1, 10]

    async def test_somebody_set_aside_is_looked_at_again(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {})
        change = await street.changed("li", "2026-02", cause="set_aside")

        [february] = (await street.loads()).batch.past

        assert seen(february) == {"li": (0, {}, change)}

    async def test_a_leaving_heard_of_late_takes_back_what_was_paid(self, street: Street) -> None:
        await street.has("li", left_on=date(2026, 2, 1))
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}})
        change = await street.changed("li", "2026-02", cause="left")

        loaded = await street.loads()

        [february] = loaded.batch.past
        assert seen(february) == {"li": (0, {"base_pay": 300000}, change)}
        assert (february.inputs.slip.tolist(), loaded.batch.inputs.slip.tolist()) == ([], [])
        assert (loaded.batch.present.tolist(), loaded.areas) == ([False], (PLACE,))

    async def test_who_has_left_is_paid_where_he_was_last(self, street: Street) -> None:
        await street.has("li", left_on=date(2026, 3, 1))
        await street.has("wang")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}, "wang": {"base_pay": 1}})
        await street.changed("wang", "2026-02")

        loaded = await street.loads()

        assert loaded.batch.inputs.worker_ids == ("li", "wang")
        assert loaded.batch.present.tolist() == [False, True]
        assert loaded.batch.past[0].mine.tolist() == [0, 1]

    async def test_who_has_moved_on_is_paid_in_the_new_street(self, street: Street) -> None:
        await street.has("li")
        await street.has("wang")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}, "wang": {"base_pay": 310000}})
        await street.was_paid("2026-02", {}, street=OTHER_STREET)
        await move(street, "li", date(2026, 3, 1))
        change = await street.changed("wang", "2026-02")

        [here], [there] = [(await street.loads(street=one)).batch.past for one in (STREET, OTHER_STREET)]

        paid = {"base_pay": 300000}
        assert seen(here) == {"li": (-1, paid, change), "wang": (0, {"base_pay": 310000}, change)}
        assert seen(there) == {"li": (0, paid, change), "wang": (-1, {"base_pay": 310000}, change)}
        assert (here.inputs.area, there.inputs.area) == (STREET, STREET)

    async def test_only_the_home_of_a_worker_settles_his_change(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}})
        await move(street, "li", date(2026, 3, 1))
        change = await street.changed("li", "2026-02")

        assert (await street.loads()).considered == []
        assert (await street.loads(street=OTHER_STREET)).considered == [change]

    async def test_a_former_neighbours_change_counts_though_his_own_street_has_settled_it(self, street: Street) -> None:
        await street.has("li")
        await street.has("wang")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}, "wang": {"base_pay": 310000}})
        await move(street, "li", date(2026, 3, 1))
        change = await street.changed("li", "2026-02", settled_by="run-of-the-other-street")

        [february] = (await street.loads()).batch.past

        assert seen(february)["wang"] == (0, {"base_pay": 310000}, change)

    async def test_a_transfer_heard_of_late_moves_the_month_to_the_other_employer(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}})
        await street.was_paid("2026-02", {}, street=OTHER_STREET)
        await move(street, "li", date(2026, 2, 1))
        change = await street.changed("li", "2026-02", cause="transfer")

        assert (await street.loads()).batch.past == ()  # nobody is left there to whom it would matter
        loaded = await street.loads(street=OTHER_STREET)

        old, new = loaded.batch.past
        assert (old.inputs.area, old.inputs.organisation_ids, old.inputs.slip.tolist()) == (STREET, (EMPLOYER,), [])
        assert (new.inputs.area, new.inputs.organisation_ids) == (OTHER_STREET, ("community-9",))
        assert seen(old) == {"li": (0, {"base_pay": 300000}, change)}
        assert seen(new) == {"li": (0, {}, change)}

    async def test_of_the_same_employer_in_another_place_nothing_is_paid_twice(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}})
        await street.was_paid("2026-02", {}, street=OTHER_STREET)
        await move(street, "li", date(2026, 2, 1), employer=EMPLOYER)
        change = await street.changed("li", "2026-02", cause="transfer")

        pasts = [past for one in (STREET, OTHER_STREET) for past in (await street.loads(street=one)).batch.past]

        rows = [(past.inputs.area, seen(past)) for past in pasts if past.inputs.size]
        assert rows == [(OTHER_STREET, {"li": (0, {"base_pay": 300000}, change)})]

    async def test_what_the_new_employer_paid_later_for_the_old_one_counts(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}})
        await move(street, "li", date(2026, 3, 1))
        await street.was_paid(
            "2026-03", {"li": {"base_pay": 300000}}, street=OTHER_STREET, employer="community-9",
            later={("li", "base_pay", "2026-02"): 4000}, calculated_at=datetime(2026, 5, 2, tzinfo=UTC),
        )  # fmt: skip
        change = await street.changed("li", "2026-02")

        past = (await street.loads("2026-04", street=OTHER_STREET)).batch.past

        assert [one.inputs.month for one in past] == ["2026-02", "2026-03"]
        assert seen(past[0]) == {"li": (0, {"base_pay": 304000}, change)}

    async def test_a_worker_of_whom_no_agreement_is_known_waits(self, street: Street) -> None:
        await street.bench.save(Payee(worker_id="li", area=PLACE, staff="community_worker"))
        await street.changed("li", "2026-02")

        assert (await street.loads()).considered == []


class TestWithoutArrears:
    async def test_the_period_stands_alone(self, street: Street) -> None:
        await street.has("li")
        await street.was_paid("2026-02", {"li": {"base_pay": 300000}})
        await street.changed("li", "2026-01")

        loaded = await street.loads(arrears=False)

        assert (loaded.batch.past, loaded.considered) == ((), [])
