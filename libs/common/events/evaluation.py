"""What evaluation says: grades, proposed consequences, training."""

from datetime import date
from decimal import Decimal

from common.events import Event


class EvaluationGraded(Event):
    """`passed` is false for a grade that counts as failed; `year` the calendar year evaluated."""

    publisher = "evaluation"
    about = "worker_id"

    evaluation_id: str
    worker_id: str
    area: str
    staff: str
    year: int
    score: Decimal
    grade: str
    passed: bool
    clause: str


class ConsequenceProposed(Event):
    publisher = "evaluation"
    about = "worker_id"

    consequence_id: str
    worker_id: str
    area: str
    staff: str
    year: int
    kind: str


class ConsequenceDecided(Event):
    publisher = "evaluation"
    about = "worker_id"

    consequence_id: str
    worker_id: str
    area: str
    staff: str
    year: int
    kind: str
    approved: bool
    decided_on: date


class TrainingDue(Event):
    publisher = "evaluation"
    about = "worker_id"

    training_id: str
    worker_id: str
    area: str
    due_on: date
    clause: str


class TrainingCompleted(Event):
    publisher = "evaluation"
    about = "worker_id"

    training_id: str
    worker_id: str
    area: str
    course: str
    completed_on: date
