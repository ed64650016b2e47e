"""Whatever a person, a row or a policy file may write is bounded: decimals in size and places, text in its letters."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import Field, TypeAdapter

from common.__main__ import find_service, service_names
from common.decimals import PLAIN, Share, plain
from common.money import Yuan, in_two_places
from common.policy import RULES
from common.policy.__main__ import import_all_rules
from common.policy.parameters import PARAMETERS
from common.text import Line

Node = dict[str, Any]
Limited = Annotated[int, Field(ge=1, le=9)]


def nodes(schema: Any, kind: str, around: tuple[Any, ...] = ()) -> Iterator[tuple[Node, tuple[Any, ...]]]:
    """Each part of a kind, with the functions that what was read there goes through."""
    if isinstance(schema, list | tuple):
        for one in schema:
            yield from nodes(one, kind, around)
    elif isinstance(schema, dict):
        if schema.get("type") == kind:
            yield schema, around
        after = schema["function"]["function"] if schema.get("type") == "function-after" else None
        for name, one in schema.items():
            if name not in ("serialization", "metadata"):
                yield from nodes(one, kind, (*around, after))


def is_loose_decimal(node: Node, around: tuple[Any, ...]) -> bool:
    """Without a largest value or a number of places, or kept with an exponent as it was written; money has its own."""
    bounded = "decimal_places" in node and ("le" in node or "lt" in node) and plain in around
    return not bounded and in_two_places not in around


def is_loose_text(node: Node, around: tuple[Any, ...]) -> bool:
    """Which may hold a letter that no database does."""
    return "pattern" not in node


def is_loose_number(node: Node, around: tuple[Any, ...]) -> bool:
    return "le" not in node and "lt" not in node


def loose(schema: Any, kind: str, is_loose: Callable[[Node, tuple[Any, ...]], bool]) -> list[Node]:
    return [node for node, around in nodes(schema, kind, ()) if is_loose(node, around)]


def read_of_requests() -> Iterator[tuple[str, Any]]:
    """Whatever an operation reads: its place, and the schema it is read by."""
    for name in service_names():
        service = find_service(name)
        for route in operations(service.router, *service.more_routers):
            for one in asked_for(route.dependant):
                shape: Any = Annotated[one.field_info.annotation, one.field_info]
                yield f"{name} {route.name} {one.name}", TypeAdapter(shape).core_schema


def asked_for(dependant: Dependant) -> Iterator[Any]:
    yield from (*dependant.path_params, *dependant.query_params, *dependant.body_params)
    for one in dependant.dependencies:
        yield from asked_for(one)


def operations(*routers: Any) -> Iterator[APIRoute]:
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                yield route
            elif hasattr(route, "original_router"):
                yield from operations(route.original_router)


class TestDecimals:
    """One digit with a large exponent takes minutes to reckon with; a large product leaves int64 without a word."""

    def test_terms_are_bounded(self) -> None:
        import_all_rules()
        found = {
            name: loose(rule.terms.__pydantic_core_schema__, "decimal", is_loose_decimal)
            for name, rule in RULES.items()
        }

        assert {name: nodes for name, nodes in found.items() if nodes} == {}

    def test_parameters_are_bounded(self) -> None:
        import_all_rules()
        found = {code: loose(kind.shape.core_schema, "decimal", is_loose_decimal) for code, kind in PARAMETERS.items()}

        assert {code: nodes for code, nodes in found.items() if nodes} == {}

    def test_requests_are_bounded(self) -> None:
        assert any(place == "payroll reckon_what_if body" for place, _ in read_of_requests())
        found = {place: loose(schema, "decimal", is_loose_decimal) for place, schema in read_of_requests()}

        assert {place: nodes for place, nodes in found.items() if nodes} == {}

    @pytest.mark.parametrize(
        ("shape", "count"),
        [
            pytest.param(Decimal, 1, id="anything"),
            pytest.param(Annotated[Decimal, Field(le=1), PLAIN], 1, id="any number of places"),
            pytest.param(Annotated[Decimal, Field(decimal_places=2), PLAIN], 1, id="any size"),
            pytest.param(Annotated[Decimal, Field(le=1, decimal_places=2)], 1, id="an exponent kept"),
            pytest.param(dict[str, Share | None], 0, id="a share"),
            pytest.param(list[Yuan], 0, id="money"),
        ],
    )
    def test_bites(self, shape: Any, count: int) -> None:
        assert len(loose(TypeAdapter(shape).core_schema, "decimal", is_loose_decimal)) == count


class TestWholeNumbers:
    def test_of_requests_fit_a_column(self) -> None:
        """How long a page is wanted is cut to the longest one."""
        found = [
            place
            for place, schema in read_of_requests()
            if not place.endswith(" limit") and loose(schema, "int", is_loose_number)
        ]

        assert found == []

    @pytest.mark.parametrize(("shape", "count"), [(int, 1), (Annotated[int, Field(ge=1)], 1), (Limited, 0)])
    def test_bites(self, shape: Any, count: int) -> None:
        assert len(loose(TypeAdapter(shape).core_schema, "int", is_loose_number)) == count


class TestText:
    def test_requests_take_no_letter_that_no_database_holds(self) -> None:
        """A cursor carries our own mark and is opened before anything else is done with it."""
        found = [
            place
            for place, schema in read_of_requests()
            if not place.endswith(" cursor") and loose(schema, "str", is_loose_text)
        ]

        assert found == []

    @pytest.mark.parametrize(("shape", "count"), [(str, 1), (Line, 0)])
    def test_bites(self, shape: Any, count: int) -> None:
        assert len(loose(TypeAdapter(shape).core_schema, "str", is_loose_text)) == count
