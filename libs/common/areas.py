"""Standard area codes (GB/T 2260, GB/T 10114): 32 → 3201 → 320102 → 320102001 → 320102001002."""

from enum import StrEnum


class Level(StrEnum):
    NATION = "nation"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    STREET = "street"
    COMMUNITY = "community"


_DIGITS = {0: Level.NATION, 2: Level.PROVINCE, 4: Level.CITY, 6: Level.COUNTY, 9: Level.STREET, 12: Level.COMMUNITY}
_LENGTHS = {level: digits for digits, level in _DIGITS.items()}

AREA_CODE = r"^(\d{2}|\d{4}|\d{6}|\d{9}|\d{12})$"


def level_of(area: str) -> Level:
    """The level of an area code, by its number of digits; the empty code is the whole nation."""
    if len(area) not in _DIGITS or (area and not (area.isascii() and area.isdigit())):
        raise ValueError(f"not an area code: {area!r}")
    return _DIGITS[len(area)]


def area_at(area: str, level: Level) -> str | None:
    """The part of `area` that names its `level`, None where `area` lies above that level."""
    digits = _LENGTHS[level]
    return area[:digits] if len(area) >= digits else None


def within(area: str, scope: str) -> bool:
    return area.startswith(scope)


def code_range(scope: str) -> tuple[str, str]:
    """The half-open range of codes that begin with `scope`, compared byte by byte (COLLATE "C")."""
    if not scope:
        return "0", ":"
    return scope, scope[:-1] + chr(ord(scope[-1]) + 1)
