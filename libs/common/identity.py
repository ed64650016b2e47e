"""Resident identity numbers (GB 11643-1999) and unified social credit codes (GB 32100-2015)."""

import re
import unicodedata
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field
from stdnum.cn.uscc import calc_check_digit

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
# The first two digits: the province, as GB/T 2260 numbers it; 83 is of permits for Taiwan residents, 91 of foreigners.
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91)"
_WITHIN = re.compile(rf"(?<!\d)({_PROVINCE}\d{{4}})[ -]?((?:18|19|20)\d{{6}})[ -]?(\d{{3}}[\dX])(?!\d)", re.ASCII)
_OLD_WITHIN = re.compile(rf"(?<![\dA-Z]){_PROVINCE}\d{{4}}(\d{{6}})\d{{3}}(?![\dA-Z])", re.ASCII)
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


def holds_identity_number(text: str) -> bool:
    """Whether an identity number stands somewhere in the text: one of eighteen digits, also parted between district,
    birth date and sequence, or one of fifteen (until 1999), which has no check digit.
    """
    plain = unicodedata.normalize("NFKC", text).upper()
    whole = ("".join(found.groups()) for found in _WITHIN.finditer(plain))
    return any(is_identity_number(one) for one in whole) or any(
        _is_day_of_last_century(found[1]) for found in _OLD_WITHIN.finditer(plain)
    )


def _is_day_of_last_century(six_digits: str) -> bool:
    try:
        date.fromisoformat(f"19{six_digits}")
    except ValueError:
        return False
    return True


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


IdentityNumber = Annotated[str, Field(pattern=r"^[0-9]{17}[0-9Xx]$"), AfterValidator(_checked)]


def is_credit_code(code: str) -> bool:
    """Form and check character. The registrar and the district are not checked.

    python-stdnum's own `is_valid` asks for a digit in the first place and so refuses codes of registrars that have a
    letter (N agriculture, A army, Y others).
    """
    return _CREDIT_CODE.fullmatch(code) is not None and calc_check_digit(code) == code[-1]
