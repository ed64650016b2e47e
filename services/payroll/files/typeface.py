"""The typeface of the slips: where it is, and which characters it has (OpenType, table `cmap`, format 12)."""

import struct
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn

FAMILY = "Noto Sans SC"

_UNICODE_FULL = 12


def folder() -> Path:
    return pylopdf_fonts_zh_cn.sans_path().parent


def showable(text: str) -> str:
    """`text` with the number of each character that the typeface lacks in its place: a rare name stays readable."""
    known = _characters()
    return "".join(letter if ord(letter) in known else f"〔U+{ord(letter):04X}〕" for letter in text)


@cache
def _characters() -> frozenset[int]:
    content = pylopdf_fonts_zh_cn.sans_path().read_bytes()
    table = _table(content, b"cmap")
    (count,) = struct.unpack_from(">H", content, table + 2)
    found: set[int] = set()
    for number in range(count):
        (offset,) = struct.unpack_from(">I", content, table + 4 + 8 * number + 4)
        at = table + offset
        (form,) = struct.unpack_from(">H", content, at)
        if form == _UNICODE_FULL:
            (groups,) = struct.unpack_from(">I", content, at + 12)
            for group in range(groups):
                first, last, _ = struct.unpack_from(">III", content, at + 16 + 12 * group)
                found.update(range(first, last + 1))
    return frozenset(found)


def _table(content: bytes, tag: bytes) -> int:
    (count,) = struct.unpack_from(">H", content, 4)
    for number in range(count):
        name, _, offset, _ = struct.unpack_from(">4sIII", content, 12 + 16 * number)
        if name == tag:
            return int(offset)
    raise LookupError(f"the typeface has no table {tag.decode()}")
