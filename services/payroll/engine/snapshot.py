"""The bytes of a sealed batch: the same batch gives the same bytes, and they read back to a batch that works out alike.

A line naming the format, a line of canonical JSON (keys sorted, nothing spaced), and the columns it numbers, one after
the other, little-endian: int64, and a byte for a truth value. Words of a coded column stand sorted, those that occur.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.policy.rules import RULES
from payroll.engine.columns import Answers, Batch, Coded, Inputs, Past, Spoken, Year
from payroll.engine.version import ENGINE

FORMAT = b"payroll-snapshot-1\n"
_DTYPES = {"$i8": np.dtype("<i8"), "$b1": np.dtype("?")}

Column = NDArray[Any]


class NotASnapshot(ValueError):
    pass


def write(batch: Batch) -> bytes:
    columns: list[Column] = []
    head = {"engine": ENGINE, "batch": _fields(batch, columns)}
    said = json.dumps(head, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return b"".join([FORMAT, said.encode(), b"\n", *(column.tobytes() for column in columns)])


def read(written: bytes) -> Batch:
    """Raises NotASnapshot; the rules that the batch was worked out by must be known here."""
    said, columns = _opened(written)
    batch = said["batch"]
    return Batch(
        paid_in=batch["paid_in"],
        inputs=_inputs(batch["inputs"], columns),
        answers=_answers(batch["answers"]),
        tax_answers=_answers(batch["tax_answers"]),
        year=Year(**{name: _value(value, columns) for name, value in batch["year"].items()}),
        present=_value(batch["present"], columns),
        past=tuple(_past(past, columns) for past in batch["past"]),
    )


def engine_of(written: bytes) -> str:
    """The version of the engine that wrote it."""
    return str(_opened(written)[0]["engine"])


def _opened(written: bytes) -> tuple[dict[str, Any], memoryview]:
    end = written.find(b"\n", len(FORMAT))
    if not written.startswith(FORMAT) or end < 0:
        raise NotASnapshot("not a payroll snapshot")
    return json.loads(written[len(FORMAT) : end]), memoryview(written)[end + 1 :]


def _fields(value: Any, columns: list[Column]) -> Any:
    if isinstance(value, np.ndarray):
        return _kept(value, columns)
    if isinstance(value, Coded):
        return _coded(value, columns)
    if isinstance(value, Spoken):
        return _spoken(value)
    if isinstance(value, Mapping):
        return {str(name): _fields(value[name], columns) for name in sorted(value)}
    if isinstance(value, tuple):
        return [_fields(one, columns) for one in value]
    if isinstance(value, Batch | Inputs | Past | Year):
        return {name: _fields(getattr(value, name), columns) for name in sorted(value.__dataclass_fields__)}
    return value


def _kept(column: Column, columns: list[Column]) -> dict[str, Any]:
    kind = "$b1" if column.dtype == np.bool_ else "$i8"
    start = sum(one.nbytes for one in columns)
    columns.append(np.ascontiguousarray(column, dtype=_DTYPES[kind]))
    return {kind: [start, len(column)]}


def _coded(coded: Coded, columns: list[Column]) -> dict[str, Any]:
    occurring = np.unique(coded.codes[coded.codes >= 0]).tolist()
    words = sorted({coded.words[code] for code in occurring})
    numbers = np.full(len(coded.words) + 1, -1, dtype=np.int64)
    for code in occurring:
        numbers[code] = words.index(coded.words[code])
    return {"$codes": _kept(numbers[coded.codes], columns), "words": words}


def _spoken(spoken: Spoken) -> dict[str, Any]:
    return {
        "at": spoken.at,
        "clause": spoken.clause,
        "document": spoken.document,
        "parameters": sorted(spoken.parameters),
        "terms": spoken.terms.model_dump(mode="json"),
        "title": spoken.title,
    }


def _value(said: Any, columns: memoryview) -> Any:
    if isinstance(said, dict) and "$codes" in said:
        return Coded(_value(said["$codes"], columns), tuple(said["words"]))
    for kind, dtype in _DTYPES.items():
        if isinstance(said, dict) and kind in said:
            start, length = said[kind]
            return np.frombuffer(columns, dtype=dtype, count=length, offset=start) if length else np.zeros(0, dtype)
    if isinstance(said, dict):
        return {name: _value(one, columns) for name, one in said.items()}
    return tuple(said) if isinstance(said, list) else said


def _inputs(said: dict[str, Any], columns: memoryview) -> Inputs:
    return Inputs(**{name: _value(value, columns) for name, value in said.items()})


def _answers(said: dict[str, Any]) -> Answers:
    return {
        rule: Spoken(
            terms=RULES[rule].terms.model_validate(spoken["terms"]),
            clause=spoken["clause"],
            document=spoken["document"],
            title=spoken["title"],
            at=spoken["at"],
            parameters=tuple(spoken["parameters"]),
        )
        for rule, spoken in said.items()
    }


def _past(said: dict[str, Any], columns: memoryview) -> Past:
    return Past(
        inputs=_inputs(said["inputs"], columns),
        answers=_answers(said["answers"]),
        paid=_value(said["paid"], columns),
        mine=_value(said["mine"], columns),
        change_id=_value(said["change_id"], columns),
    )
