"""What affairs says: duty in the one-stop hall and the grids."""

from datetime import date

from common.events import Event


class DutyRosterKept(Event):
    publisher = "affairs"
    about = "organisation_id"

    roster_id: str
    organisation_id: str
    area: str
    starts_on: date
    hall_workers: list[str]
    grid_workers: dict[str, str]
