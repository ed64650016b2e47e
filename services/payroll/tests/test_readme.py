"""What a new reader is told is what there is."""

from pathlib import Path

import pytest

from common.openapi import merged_document
from payroll.events import handlers
from payroll.models import Table

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def operations() -> list[str]:
    return sorted(
        one["operationId"] for path in merged_document(["payroll"])["paths"].values() for one in path.values()
    )


@pytest.mark.parametrize("named", [*operations(), *sorted(Table.metadata.tables), *(one.__name__ for one in handlers)])
def test_names_every_operation_row_and_event_heard(named: str) -> None:
    assert f"`{named}`" in README
