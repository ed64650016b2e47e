"""What several of payroll's operations take and show."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncSession

from common.areas import AREA_CODE
from common.errors import NotFound
from common.money import Yuan, in_yuan
from common.text import Code, Day, RowId
from payroll.queries import accounts

MONTH = r"^20\d{2}-(0[1-9]|1[0-2])$"

RunId = Annotated[RowId, Path(description="工资核算编号")]
WorkerId = Annotated[RowId, Path(description="人员编号")]
Area = Annotated[str, Field(pattern=AREA_CODE, description="地区代码", examples=["220102001"])]
Staff = Annotated[Code, Field(description="人员类别", examples=["community_worker"])]
HandledOn = Annotated[Day, Field(description="办理日期", examples=["2026-03-25"])]


def _yuan(amount: Any) -> Any:
    return in_yuan(amount) if isinstance(amount, int) else amount


FromFen = Annotated[Yuan, BeforeValidator(_yuan)]  # a column of whole fen, shown in yuan


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


async def require_known(session: AsyncSession, worker_id: str) -> None:
    """What belongs to nobody at all would look like what nothing was entered for."""
    if not await accounts.is_known(session, worker_id=worker_id):
        raise NotFound(what=f"person {worker_id}")


class Approval(Body):
    on: HandledOn
