"""Files of worked examples: read into vectors, or refused with the place at which they cannot be read.

Two forms are known. `{"vectors": [{"id", "title", "inputs": {"kind", …}, "expected": {…}}, …]}` tells inputs and
expected figures apart; `{kind: [{…}, …] or {…}, …}` has both in one row. `meta` and words of explanation are left
aside. Amounts are strings or numbers, in yuan.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

EXPLANATIONS = frozenset({"note", "notes", "why", "title", "basis", "confidence", "case"})


class Unreadable(Exception):
    """A file, or a place in it, that cannot be held against the rules."""

    def __init__(self, where: str, *, zh: str, en: str) -> None:
        self.where = where
        super().__init__(f"{where}：{zh} ({en})")


@dataclass(frozen=True)
class Vector:
    """One example. `expected` is empty where the row has inputs and expected figures side by side."""

    name: str
    title: str
    kind: str
    where: str
    inputs: dict[str, Any]
    expected: dict[str, Any] | None


def read_vectors(file: Path) -> list[Vector]:
    """Raises Unreadable."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(str(file), zh="读不了这个文件", en=str(error)) from None
    try:
        content = json.loads(text, parse_float=Decimal, parse_constant=_not_a_number, object_pairs_hook=_each_key_once)
    except json.JSONDecodeError as error:
        where = f"{file}，第{error.lineno}行第{error.colno}列"
        raise Unreadable(where, zh="不是完整的JSON", en=f"line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(file), zh="JSON有误", en=str(error)) from None
    if not isinstance(content, dict):
        raise Unreadable(str(file), zh="最外层应为对象", en="the outermost value must be an object")
    vectors = list(_listed(content["vectors"]) if "vectors" in content else _by_kind(content))
    if not vectors:
        raise Unreadable(str(file), zh="没有算例", en="no examples in it")
    return vectors


def _not_a_number(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def _each_key_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"a key stands twice: {next(key for key in keys if keys.count(key) > 1)}")
    return found


def _listed(rows: Any) -> Iterator[Vector]:
    if not isinstance(rows, list):
        raise Unreadable("vectors", zh="应为列表", en="must be a list")
    for number, row in enumerate(rows):
        where = f"vectors[{number}]"
        for key, kind in (("id", str), ("inputs", dict), ("expected", dict)):
            if not isinstance(row, dict) or not isinstance(row.get(key), kind):
                raise Unreadable(f"{where}.{key}", zh="缺少，或类型不对", en=f"missing, or not a {kind.__name__}")
        if not isinstance(row["inputs"].get("kind"), str):
            raise Unreadable(f"{where}.inputs.kind", zh="缺少算例种类", en="missing, or not a string")
        inputs = dict(row["inputs"])
        name = row["id"]
        yield Vector(name, str(row.get("title", "")), inputs.pop("kind"), f"{where}（{name}）", inputs, row["expected"])


def _by_kind(content: dict[str, Any]) -> Iterator[Vector]:
    for kind, rows in content.items():
        if kind == "meta":
            continue
        numbered = {kind: rows} if isinstance(rows, dict) else None
        if isinstance(rows, list):
            numbered = {f"{kind}[{number}]": row for number, row in enumerate(rows)}
        if numbered is None:
            raise Unreadable(kind, zh="应为算例或算例列表", en="must be an example or a list of them")
        for name, row in numbered.items():
            if not isinstance(row, dict):
                raise Unreadable(name, zh="应为对象", en="must be an object")
            words = [str(row[key]) for key in ("title", "case", "note", "why") if row.get(key)]
            yield Vector(name, "；".join(words), kind, name, row, None)
