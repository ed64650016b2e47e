"""One worker's life, section by section. Each section has one service that writes it, so that any may come first."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Text, func, literal, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from common.events import Event, affairs, contracts, evaluation, payroll, recruitment, registry
from gateway.models import Organisation, Worker


@dataclass(frozen=True)
class Section:
    """A list in the view: `key` identifies an entry, `order` sorts them, every entry has all `fields`."""

    key: str
    order: str
    fields: tuple[str, ...]


SECTIONS = {
    "agreements": Section(
        "agreement_id",
        "starts_on",
        ("status", "kind", "starts_on", "ends_on", "signed_on", "monthly_pay", "renewal_of"),
    ),
    "grades": Section("starts_on", "starts_on", ("grade",)),
    "payslips": Section(
        "payslip_id", "month", ("run_id", "month", "cycle", "gross", "contributions", "tax", "net", "lines")
    ),
    "evaluations": Section("evaluation_id", "year", ("year", "score", "grade", "passed", "clause")),
    "consequences": Section("consequence_id", "year", ("status", "year", "kind", "decided_on")),
    "trainings": Section("training_id", "due_on", ("status", "due_on", "clause", "course", "completed_on")),
    "certificates": Section("certificate_id", "registered_on", ("kind", "level", "registered_on")),
    "filings": Section(
        "filing_id", "opened_on", ("status", "clause", "opened_on", "receipt_number", "accepted_on", "history")
    ),
    "exit_cases": Section(
        "case_id", "opened_on", ("status", "ground", "clause", "opened_on", "held_on", "dismissed_on", "left_on")
    ),
    "duties": Section("roster_id", "starts_on", ("organisation_id", "starts_on", "place")),
    "leaves": Section("leave_id", "starts_on", ("status", "kind", "starts_on", "ends_on")),
    "transfers": Section(
        "transfer_id", "starts_on", ("from_area", "area", "organisation_id", "post_class", "starts_on")
    ),
}

# Where an event goes, and the state of its entry from then on.
PARTS: dict[type[Event], tuple[str, str | None]] = {
    contracts.AgreementDrafted: ("agreements", "drafted"),
    contracts.AgreementSigned: ("agreements", "signed"),
    contracts.ExitCaseOpened: ("exit_cases", "opened"),
    contracts.ExitHearingHeld: ("exit_cases", "heard"),
    contracts.ExitCaseDismissed: ("exit_cases", "dismissed"),
    contracts.WorkerLeft: ("exit_cases", "left"),
    evaluation.EvaluationGraded: ("evaluations", None),
    evaluation.ConsequenceProposed: ("consequences", "proposed"),
    evaluation.ConsequenceDecided: ("consequences", None),
    evaluation.TrainingDue: ("trainings", "due"),
    evaluation.TrainingCompleted: ("trainings", "completed"),
    registry.CertificateRegistered: ("certificates", None),
    registry.FilingOpened: ("filings", "opened"),
    registry.FilingSubmitted: ("filings", "submitted"),
    registry.FilingReturned: ("filings", "returned"),
    registry.FilingAccepted: ("filings", "accepted"),
    contracts.LeaveRecorded: ("leaves", None),
    payroll.GradeChanged: ("grades", None),
    payroll.PayslipIssued: ("payslips", None),
}


class OfWorker(Protocol):
    """An event about one worker."""

    @property
    def worker_id(self) -> str: ...
    @property
    def area(self) -> str: ...
    def model_dump(self, *, mode: str = ...) -> dict[str, Any]: ...


async def keep_hire(session: AsyncSession, event: recruitment.WorkerHired) -> None:
    worker = await _find_or_begin(session, event)
    said = event.model_dump(mode="json")
    body = deepcopy(worker.body)
    body |= {name: said[name] for name in ("area", "staff")}
    body["person"] = {name: said[name] for name in ("name", "identity_masked", "category", "certificate_level")}
    body["post"] = {name: said[name] for name in ("post_id", "post_class", "plan_id", "application_id", "hired_on")}
    body["organisation"] = await _named(session, event.organisation_id)
    worker.area, worker.staff = event.area, event.staff
    worker.organisation_id, worker.account, worker.hired_on = event.organisation_id, event.account, event.hired_on
    await _place(session, worker, body)
    _finish(worker, body)


async def keep_transfer(session: AsyncSession, event: contracts.WorkerTransferred) -> None:
    """The view goes to the office that the latest transfer names, whether the hire has been heard or not."""
    worker = await _find_or_begin(session, event)
    body = deepcopy(worker.body)
    _entry(body, "transfers", event.model_dump(mode="json"))
    await _place(session, worker, body)
    _finish(worker, body)


async def _place(session: AsyncSession, worker: Worker, body: dict[str, Any]) -> None:
    if not body["transfers"]:
        return
    latest = body["transfers"][-1]
    worker.area, worker.organisation_id = latest["area"], latest["organisation_id"]
    body["area"] = latest["area"]
    body["organisation"] = await _named(session, latest["organisation_id"])
    if body["post"]:
        body["post"]["post_class"] = latest["post_class"]


async def _named(session: AsyncSession, organisation_id: str) -> dict[str, Any]:
    organisation = await session.get(Organisation, organisation_id)
    return {
        "organisation_id": organisation_id,
        "name": organisation.name if organisation else None,
        "kind": organisation.kind if organisation else None,
    }


async def keep_part(session: AsyncSession, event: OfWorker) -> None:
    worker = await _find_or_begin(session, event)
    body = deepcopy(worker.body)
    section, status = PARTS[type(event)]  # type: ignore[index]
    said = event.model_dump(mode="json")
    entry = _entry(body, section, said)
    if status is not None:
        entry["status"] = status
    match event:
        case evaluation.ConsequenceDecided():
            entry["status"] = "approved" if event.approved else "rejected"
        case contracts.LeaveRecorded():
            entry["status"] = "recorded" if event.ends_on else "withdrawn"
        case contracts.WorkerLeft():
            worker.left_on = event.left_on
            body["left"] = {name: said[name] for name in ("left_on", "ground", "clause", "case_id")}
        case _ if section == "filings":
            _lengthen_history(entry, said, status=str(status))
    _finish(worker, body)


async def keep_duty(session: AsyncSession, event: affairs.DutyRosterKept) -> None:
    places = dict.fromkeys(event.hall_workers, "hall") | {worker: grid for grid, worker in event.grid_workers.items()}
    for worker_id, place in sorted(places.items()):
        worker = await _find_or_begin(session, _Named(worker_id, event.area))
        body = deepcopy(worker.body)
        _entry(body, "duties", event.model_dump(mode="json") | {"place": place})
        _finish(worker, body)


async def name_organisation(session: AsyncSession, event: registry.OrganisationRegistered) -> None:
    """An organisation registered or renamed after its people were hired is named in their views."""
    shown = {"organisation_id": event.organisation_id, "name": event.name, "kind": event.kind}
    place = literal(["organisation"], ARRAY(Text))
    named = func.jsonb_set(Worker.body, place, literal(shown, JSONB))
    await session.execute(
        update(Worker)
        .where(Worker.organisation_id == event.organisation_id, Worker.body["organisation"] != literal(shown, JSONB))
        .values(body=named)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True)
class _Named:
    worker_id: str
    area: str


async def _find_or_begin(session: AsyncSession, event: "OfWorker | _Named") -> Worker:
    worker = await session.get(Worker, event.worker_id, with_for_update=True)
    if worker is not None:
        return worker
    sections: dict[str, Any] = {section: [] for section in SECTIONS}
    head = {"worker_id": event.worker_id, "area": event.area, "staff": None}
    empty = {"person": None, "organisation": None, "post": None, "left": None}
    body = {**head, **empty, **sections}
    worker = Worker(worker_id=event.worker_id, area=event.area, subjects=[], pending=[], body=body)
    session.add(worker)
    return worker


def _entry(body: dict[str, Any], name: str, said: dict[str, Any]) -> dict[str, Any]:
    """The entry that `said` speaks of, with what it says put in."""
    section = SECTIONS[name]
    entries: list[dict[str, Any]] = body[name]
    entry = next((one for one in entries if one[section.key] == said[section.key]), None)
    if entry is None:
        entry = {section.key: said[section.key], **dict.fromkeys(section.fields)}
        if "history" in section.fields:
            entry["history"] = []
        entries.append(entry)
    entry |= {field: said[field] for field in section.fields if field in said}
    entries.sort(key=lambda one: (str(one[section.order] or ""), str(one[section.key])))
    return entry


def _lengthen_history(entry: dict[str, Any], said: dict[str, Any], *, status: str) -> None:
    day = said.get(f"{status}_on")
    entry["history"].append(
        {
            "status": status,
            "on": day,
            "correction": bool(said.get("correction")),
            "reason": said.get("reason"),
        }
    )


def _finish(worker: Worker, body: dict[str, Any]) -> None:
    """Keep the view, and beside it what finding and counting need."""
    worker.body = body
    found = {worker.worker_id, *(one[section.key] for name, section in SECTIONS.items() for one in body[name])}
    if body["post"]:
        found.add(body["post"]["application_id"])
    worker.subjects = sorted(found)
    worker.pending = [
        *(
            {"what": "filing", **_part(one, "filing_id", "status", "clause", day=one["opened_on"])}
            for one in body["filings"]
            if one["status"] != "accepted"
        ),
        *(
            {"what": "training", **_part(one, "training_id", "status", "clause", day=one["due_on"])}
            for one in body["trainings"]
            if one["status"] != "completed" and body["left"] is None
        ),
        *(
            {"what": "exit_case", **_part(one, "case_id", "status", "clause", day=one["opened_on"])}
            for one in body["exit_cases"]
            if one["status"] in ("opened", "heard")
        ),
    ]


def _part(entry: dict[str, Any], key: str, *fields: str, day: str | None) -> dict[str, Any]:
    return {"id": entry[key], "day": day, **{field: entry[field] for field in fields}}
