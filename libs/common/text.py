"""Strings and days as people may send them: bounded, and without what a database or a log cannot hold."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

_PRINTABLE = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$"

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_PRINTABLE)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=_PRINTABLE)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]
Account = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_PRINTABLE)]
RowId = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9._-]+$")]

# Days far outside a working life are slips of the pen, and periods counted from them would leave the calendar.
Day = Annotated[date, Field(ge=date(1949, 10, 1), le=date(2199, 12, 31))]
