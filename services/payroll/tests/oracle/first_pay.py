"""Whose pay of which month contributions go by where no average was set, person by person, month after month."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from payroll.tests.oracle.records import PersonMonth, Terms, Yuan


@dataclass
class _With:
    employer: str
    pay: dict[str, Yuan] = field(default_factory=dict)


@dataclass
class FirstMonths:
    """What is known of a person's first month with the employer of the month looked at last, by slip."""

    known: dict[int, _With] = field(default_factory=dict)

    def tell(self, people: Iterable[PersonMonth], slips: Iterable[int | None]) -> list[PersonMonth]:
        return [self._told(person, slip) for person, slip in zip(people, slips, strict=True)]

    def _told(self, person: PersonMonth, slip: int | None) -> PersonMonth:
        here = None if slip is None else self.known.get(slip)
        if here is None or here.employer != person.organisation_id:
            return person
        return replace(person, first_pay=person.first_pay | here.pay)

    def learn(
        self, people: Sequence[PersonMonth], slips: Iterable[int | None], pay: Iterable[dict[str, Yuan] | None]
    ) -> None:
        """`pay` by scheme, None of whoever was set aside: what he goes by otherwise still holds."""
        for person, slip, found in zip(people, slips, pay, strict=True):
            by_scheme = person.first_pay if found is None else found
            if slip is None or not by_scheme:
                continue
            here = self.known.get(slip)
            if here is None or here.employer != person.organisation_id:
                here = self.known[slip] = _With(person.organisation_id)
            here.pay |= by_scheme


def is_in(scheme: Terms, person: PersonMonth) -> bool:
    """Whether somebody in the post is in a scheme."""
    if not person.insured or (person.part_time and not scheme.get("part_time")):
        return False
    if (person.insurance or "yes") not in scheme.get("statuses", ["yes"]):
        return False
    month = person.month_of_first_job
    return month is None or month < 1 or month >= scheme.get("first_job_from", 1)


def goes_by_first_month(scheme: Terms, person: PersonMonth) -> bool:
    """Whoever has no average, and is not paid by the hour."""
    by_month = scheme.get("unset_base") == "each_month"
    return not person.part_time and not by_month and scheme["scheme"] not in person.contribution_pay
