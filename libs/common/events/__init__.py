"""The published language: each event once, by publisher. Events only grow."""

import re
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """What happened, as others may rely on it. Built strictly; read with unknown fields left aside.

    `publisher` is the service that says it, `about` the field that holds the aggregate it is keyed by. Those of the
    stream `work` are said to the publisher's own processes, one of which takes each.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    publisher: ClassVar[str]
    about: ClassVar[str]
    stream: ClassVar[str] = "events"
    version: ClassVar[int] = 1

    @classmethod
    def type_name(cls) -> str:
        """The wire type, `<publisher>.<event>.v<version>`."""
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()
        return f"{cls.publisher}.{snake}.v{cls.version}"

    @property
    def key(self) -> str:
        return str(getattr(self, self.about))

    @classmethod
    def read(cls, data: Any) -> "Event":
        """The event from its wire form; fields this version does not know are left aside."""
        return cls.model_validate(data, extra="ignore")


def event_classes() -> dict[str, type[Event]]:
    """Every event by its wire type."""
    from common.events import (
        affairs,
        contracts,
        decisions,
        evaluation,
        payroll,
        payroll_benefits,
        recruitment,
        registry,
    )

    modules = (affairs, contracts, decisions, evaluation, payroll, payroll_benefits, recruitment, registry)
    found: dict[str, type[Event]] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Event) and value is not Event and "about" in vars(value):
                found[value.type_name()] = value
    return found
