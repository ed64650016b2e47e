"""The streets that a run waits for, and why one of them waits for good."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from common.tables import ParkedMessage
from payroll.models import PayrollBatch, PayrollRun
from payroll.models.runs import SEALED

_WORK = "payroll.work"

_LACKING = ("缺少条款取值或已复核的参数", "a choice of the place or a checked figure is missing")
_DATABASE = ("数据库未能完成操作", "the database could not do it")
_UNLIKE = ("封存的核算数据与已写入的工资条不一致", "the sealed inputs give other slips than were written")
_REASONS = {
    "ParameterMissing": _LACKING,
    "NotChosen": _LACKING,
    "SnapshotDisagrees": _UNLIKE,
    "DBAPIError": _DATABASE,
    "OperationalError": _DATABASE,
    "IntegrityError": _DATABASE,
    "MemoryError": ("内存不足", "not enough memory"),
}
_CALCULATE_AGAIN = ("请排除原因后重新核算，即重新排队", "mend that, then calculate again: it is queued anew")
_ISSUE_AGAIN = ("请联系运维人员排除原因后重新签发", "let an operator mend that and replay the message")


@dataclass(frozen=True)
class WaitingBatch:
    """A street that is not worked out yet or, in an approved run, whose slips are not issued yet.

    With words for why, where it will not come by itself: it was tried, failed, and was put aside for an operator.
    """

    batch_id: str
    area: str
    queued_at: datetime
    zh: str | None = None
    en: str | None = None

    @property
    def is_stuck(self) -> bool:
        return self.zh is not None


async def waiting_batches(session: AsyncSession, run: PayrollRun) -> list[WaitingBatch]:
    sealed = run.status in SEALED
    missing = PayrollBatch.issued_at if sealed else PayrollBatch.calculated_at
    query = select(PayrollBatch.batch_id, PayrollBatch.area, PayrollBatch.queued_at).where(
        PayrollBatch.run_id == run.run_id, missing.is_(None)
    )
    waiting = list((await session.execute(query.order_by(PayrollBatch.area, PayrollBatch.batch_id))).all())
    failures = await _failures(session, [batch_id for batch_id, _, _ in waiting])
    return [
        WaitingBatch(*row, *_words(failures[row[0]], sealed=sealed)) if row[0] in failures else WaitingBatch(*row)
        for row in waiting
    ]


async def _failures(session: AsyncSession, batches: Iterable[str]) -> dict[str, str]:
    """By batch the class of the error that its message was parked with; a later message waits behind the first."""
    query = (
        select(ParkedMessage.key, ParkedMessage.reason)
        .where(ParkedMessage.topic.endswith(_WORK), ParkedMessage.key == any_(literal(list(batches), ARRAY(String))))
        .order_by(ParkedMessage.parked_id.desc())
    )
    return {key: reason.partition(":")[0] for key, reason in await session.execute(query)}


def _words(failure: str, *, sealed: bool) -> tuple[str, str]:
    """Of the error its class alone: its message may hold somebody's data."""
    name = failure if failure.isidentifier() else "Error"
    zh, en = _REASONS.get(name, (f"处理出错（{name}）", f"it failed ({name})"))
    mend_zh, mend_en = _ISSUE_AGAIN if sealed else _CALCULATE_AGAIN
    return f"{zh}；{mend_zh}", f"{en}; {mend_en}"
