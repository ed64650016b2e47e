"""The route by which a level below makes the choices that a document leaves to it; the same in every service."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from common import choices
from common.areas import AREA_CODE
from common.service import Tx, new_router
from common.tables import PolicyChoice
from common.text import Day, Line, RowId
from common.transaction import Transaction

ChoiceValue = bool | Annotated[int, Field(ge=-(2**53), le=2**53)] | Line


class ChoiceInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    area: str = Field(pattern=AREA_CODE, examples=["220102"], description="作出选定的地区代码")
    starts_on: Day = Field(description="自何日起执行")
    value: ChoiceValue | list[ChoiceValue] | dict[RowId, ChoiceValue] = Field(
        description="选定的取值；须在条款允许的范围内", examples=[400]
    )


class Choice(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    clause: str
    term: str
    area: str
    starts_on: date
    value: Any
    decision_id: str


ClauseId = Annotated[Line, Path(max_length=60, description="条款编号", examples=["JL-2a"])]
TermName = Annotated[
    Line, Path(max_length=60, description="条款中留待选定的项", examples=["households_per_extra_post"])
]


def choices_router(
    service: str, *, chosen: Callable[[Transaction, PolicyChoice], Awaitable[None]] | None = None
) -> APIRouter:
    """`chosen` is told of each choice, in its transaction."""
    router = new_router(service)

    @router.put(
        f"/{service}/choices/{{clause}}/{{term}}",
        name=f"choose_{service}_term",
        response_model=Choice,
        summary="选定条款留给本级的取值",
    )
    async def choose(clause: ClauseId, term: TermName, body: ChoiceInput, tx: Tx) -> object:
        choice = await choices.choose_term(
            tx, clause=clause, term=term, area=body.area, starts_on=body.starts_on, value=body.value
        )
        if chosen is not None:
            await chosen(tx, choice)
        return choice

    return router
