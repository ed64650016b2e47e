"""The way from a plan to a hire, which is told the same in every life; policy fixes the order of its stages."""

from dataclasses import dataclass, field
from typing import Any

from common.identity import with_check_digit
from lives.teller import Person, Teller


@dataclass
class Applicant:
    """A made-up person. The identity number is well-formed and belongs to nobody we know."""

    name: str
    subject: str
    area: str
    born: str
    number: int
    education: str = "bachelor"
    statuses: tuple[str, ...] = ()
    declared_bars: tuple[str, ...] = ()
    more: dict[str, Any] = field(default_factory=dict)
    application_id: str = ""
    worker_id: str = ""

    @property
    def identity_number(self) -> str:
        return with_check_digit(f"{self.area[:6]}{self.born.replace('-', '')}{self.number:03d}")

    @property
    def as_applicant(self) -> Person:
        return Person(self.name, self.subject, ("applicant",), self.area[:6])

    @property
    def as_worker(self) -> Person:
        return Person(self.name, self.subject, ("worker",), self.area[:6])


def apply(teller: Teller, plan_id: str, applicant: Applicant, *, on: str) -> None:
    body = {
        "name": applicant.name,
        "identity_number": applicant.identity_number,
        "education": applicant.education,
        "statuses": list(applicant.statuses),
        "declared_bars": list(applicant.declared_bars),
        "on": on,
        **applicant.more,
    }
    answer = teller.does(applicant.as_applicant, "报名应聘", "POST", f"/plans/{plan_id}/applications", body)
    applicant.application_id = answer["application_id"]


def record(teller: Teller, officer: Person, applicant: Applicant, stage: str, on: str, **result: Any) -> Any:
    words = f"登记{applicant.name}的{STAGES[stage]}"
    if "score" in result:
        words += f"：{result['score']} 分"
    path = f"/applications/{applicant.application_id}/stages"
    return teller.does(officer, words, "POST", path, {"stage": stage, "on": on, **result})


STAGES = {
    "qualification_review": "资格审查",
    "written_exam": "笔试",
    "second_review": "资格复审",
    "interview": "面试",
    "background_check": "考察",
    "medical": "体检",
}
