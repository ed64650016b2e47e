"""Resident identity numbers (GB 11643-1999) and unified social credit codes (GB 32100-2015)."""

import re
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field
from stdnum.cn.uscc import calc_check_digit

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_CREDIT_CODE = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")


def is_identity_number(number: str) -> bool:
    """Checksum and a real birth date. The district is not checked: codes lapse, numbers stay."""
    if len(number) != 18 or not number[:17].isdigit() or not number.isascii():
        return False
    try:
        born_on(number)
    except ValueError:
        return False
    return number[17] == _CHECKS[sum(int(d) * w for d, w in zip(number, _WEIGHTS, strict=False)) % 11]


def born_on(number: str) -> date:
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def is_female(number: str) -> bool:
    return int(number[16]) % 2 == 0


def age_on(born: date, day: date) -> int:
    """Completed years of life (周岁)."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def with_check_digit(seventeen: str) -> str:
    return seventeen + _CHECKS[sum(int(d) * w for d, w in zip(seventeen, _WEIGHTS, strict=True)) % 11]


def _checked(number: str) -> str:
    number = number.upper()
    if not is_identity_number(number):
        raise ValueError("the check digit or the birth date is wrong")
    return number


IdentityNumber = Annotated[str, Field(min_length=18, max_length=18), AfterValidator(_checked)]


def is_credit_code(code: str) -> bool:
    """Form and check character. The registrar and the district are not checked.

    python-stdnum's own `is_valid` asks for a digit in the first place and so refuses codes of registrars that have a
    letter (N agriculture, A army, Y others).
    """
    return _CREDIT_CODE.fullmatch(code) is not None and calc_check_digit(code) == code[-1]
