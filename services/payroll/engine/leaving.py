"""A batch without some of its slips."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from payroll.engine.columns import Batch, Bool, Coded, Inputs, Int, Past, Year

_OF_STRETCHES = {"slip", "first_day", "last_day", "weekdays", "days", "standard", "standard_source", "years", "keys"}


def leave_out(batch: Batch, slips: Bool) -> Batch:
    """As if those slips had not been asked for: they bring nothing into a pool and take nothing out of one.

    What an earlier month had for them is worked out all the same, for it is part of that month's pool; its differences
    go to nobody here.
    """
    kept = ~slips
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    return replace(
        batch,
        inputs=_inputs_of(batch.inputs, kept, number),
        year=_year_of(batch.year, kept),
        present=batch.present[kept],
        past=tuple(_past_of(past, number) for past in batch.past),
    )


def _past_of(past: Past, number: Int) -> Past:
    return replace(past, mine=np.where(past.mine >= 0, number[past.mine], -1))


def _year_of(year: Year, kept: Bool) -> Year:
    return replace(year, **{field.name: _only(getattr(year, field.name), kept) for field in fields(year)})


def _inputs_of(inputs: Inputs, kept: Bool, number: Int) -> Inputs:
    """Each column by the rows it has: those of the slips, or those of their stretches."""
    stretches = kept[inputs.slip]
    columns: dict[str, Any] = {}
    for field in fields(inputs):
        value = getattr(inputs, field.name)
        if not isinstance(value, str | int):
            columns[field.name] = _only(value, stretches if field.name in _OF_STRETCHES else kept)
    return replace(inputs, **columns | {"slip": number[inputs.slip][stretches]})


def _only(value: Any, kept: Bool) -> Any:
    if isinstance(value, tuple):
        return tuple(one for one, keep in zip(value, kept, strict=True) if keep)
    if isinstance(value, Coded):
        return replace(value, codes=value.codes[kept])
    if isinstance(value, Mapping):
        return {name: _only(one, kept) for name, one in value.items()}
    return value[kept]
