from enum import StrEnum

from sqlalchemy import BigInteger, MetaData, Numeric, String
from sqlalchemy.orm import DeclarativeBase

from common.tables import NAMES

Id = String(60)
Account = String(300)
Month = String(7)
Period = String(10)  # a month `2026-03` or a half of it `2026-03.1`, `2026-03.2`
Fen = BigInteger
Yuan = Numeric(14, 2)
Digest = String(64)


class Table(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class Cycle(StrEnum):
    """Which part of a month a run pays: the whole, or a half of it (part-timers are paid twice a month)."""

    MONTH = "month"
    FIRST_HALF = "first_half"
    SECOND_HALF = "second_half"
