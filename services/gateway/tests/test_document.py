import importlib
import json
import re
from typing import Any

import pytest
from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import MetaData

import common.openapi
from common.__main__ import find_service, service_names
from common.openapi import DocumentClash, as_text, merged_document
from common.service import Service, new_router
from gateway.api.docs import DOCUMENT, public_document


def every_operation(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]


def skip_unless_all_import() -> None:
    for name in service_names():
        try:
            importlib.import_module(f"{name}.main")
        except ImportError as error:
            pytest.skip(f"{name} cannot be imported here: {error}")


class TestTheCommittedDocument:
    def test_is_what_the_services_say_today(self):
        skip_unless_all_import()
        assert DOCUMENT.read_text("utf-8") == as_text(merged_document()), "run `make openapi`"

    def test_leads_nowhere_that_is_not_in_it(self):
        document = public_document()

        for reference in re.findall(r'"\$ref": "#/([^"]+)"', as_text(document)):
            place: Any = document
            for part in reference.split("/"):
                assert part in place, reference
                place = place[part]
        for path, _, operation in every_operation(document):
            declared = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path)), path

    def test_names_every_operation_once_with_its_service_and_problems(self):
        document = public_document()
        operations = every_operation(document)

        ids = [one["operationId"] for _, _, one in operations]
        assert len(set(ids)) == len(ids)
        for path, _method, one in operations:
            assert path.startswith("/v1/")
            assert one["x-service"] in {tag["name"] for tag in document["tags"]}
            assert {"401", "403", "422", "503", "504"} <= one["responses"].keys()
            assert one["summary"]
        text = DOCUMENT.read_text("utf-8")
        assert "HTTPValidationError" not in text
        assert '"default": null' not in text


def a_service(name: str, *routers: APIRouter) -> Service:
    return Service(name=name, title=f"{name}服务", router=routers[0], tables=MetaData(), more_routers=routers[1:])


def with_thing(name: str, path: str, operation: str, **fields: Any) -> Service:
    """A service whose one operation answers with a schema called Thing."""
    thing = type("Thing", (BaseModel,), {"__annotations__": dict.fromkeys(fields, str)})
    router = new_router(name)
    router.add_api_route(path, lambda: None, name=operation, response_model=thing, summary="看")
    return a_service(name, router)


@pytest.fixture
def merge(monkeypatch: pytest.MonkeyPatch) -> Any:
    def merge(*services: Service) -> dict[str, Any]:
        by_name = {service.name: service for service in services}
        monkeypatch.setattr(common.openapi, "find_service", by_name.__getitem__)
        return merged_document(list(by_name))

    return merge


class TestMerging:
    def test_keeps_one_schema_where_services_mean_the_same(self, merge: Any):
        document = merge(with_thing("north", "/a", "see_a", size=1), with_thing("south", "/b", "see_b", size=1))

        assert set(document["components"]["schemas"]) == {"Thing", "Problem"}

    def test_names_schemas_by_service_where_they_differ(self, merge: Any):
        document = merge(with_thing("north", "/a", "see_a", size=1), with_thing("south", "/b", "see_b", colour=1))

        assert set(document["components"]["schemas"]) == {"NorthThing", "SouthThing", "Problem"}
        answer = document["paths"]["/v1/b"]["get"]["responses"]["200"]
        assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/SouthThing"}
        assert "colour" in json.dumps(document["components"]["schemas"]["SouthThing"])

    @pytest.mark.parametrize(
        ("path", "operation"),
        [
            pytest.param("/b", "see_a", id="the same operation id"),
            pytest.param("/a/{one_id}", "see_b", id="the same path"),
            pytest.param("/a/{other_id}", "see_b", id="the same path under another parameter name"),
        ],
    )
    def test_refuses_two_services_that_claim_the_same(self, merge: Any, path: str, operation: str):
        with pytest.raises(DocumentClash, match="north"):
            merge(with_thing("north", "/a/{one_id}", "see_a", size=1), with_thing("south", path, operation, size=1))


def test_every_service_can_be_described_without_a_database():
    skip_unless_all_import()
    for name in service_names():
        assert merged_document([name])["tags"][0]["description"] == find_service(name).title
