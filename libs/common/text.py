"""Strings and days as people may send them: bounded, and without what a database or a log cannot hold."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from common.identity import holds_identity_number

_PRINTABLE = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$"


def _without_identity_number(text: str) -> str:
    """What is written here goes into facts, events and lists, and from there into a log that keeps it for good."""
    if holds_identity_number(text):
        raise PydanticCustomError("identity_number", "an identity number does not belong here")
    return text


_GUARD = AfterValidator(_without_identity_number)

# Of what is sealed before it is kept, and of what looks for something that should never have been let in.
AnyLine = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_PRINTABLE)]
Line = Annotated[AnyLine, _GUARD]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=_PRINTABLE), _GUARD
]
Code = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
Account = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_PRINTABLE)]
RowId = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9._-]+$"), _GUARD]

# Days far outside a working life are slips of the pen, and periods counted from them would leave the calendar.
Day = Annotated[date, Field(ge=date(1949, 10, 1), le=date(2199, 12, 31))]
