"""One OpenAPI document for all public operations, merged from what every service says of itself.

`python -m common.openapi FILE` writes it. A service's document needs no database: it is made from its routes alone.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fastapi.openapi.utils import get_openapi

from common.__main__ import find_service, service_names
from common.access import access_matrix
from common.errors import PROBLEM
from common.service import Service, add_routes, bare_app

Json = dict[str, Any]

TITLE = "基层公共工作人员管理平台"
_DESCRIPTION = """基层公共工作人员从编制、招聘、合同、工资、考核、培训、备案到退出的全过程；
每一步依据哪一条款、取何值、因何事实，都有决定可查。

- 登录：`Authorization: Bearer <OIDC 访问令牌>`。
- 错误：一律为 `application/problem+json`（RFC 9457），默认中文，`Accept-Language: en` 为英文。
  政策不予办理为 409，并附条款与决定。
- 重试：办理类请求带 `Idempotency-Key`，同键同内容只办一次，再次提交得到第一次的答复。
- 读到所写：把办理答复的 `Position` 放进视图请求的 `Wait-For`。
- 金额为以元为单位的十进制字符串；日期 `…_on` 为中国日期，时刻 `…_at` 为 UTC。"""

_PROBLEM: Json = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 问题说明",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "问题种类的相对 URI", "examples": ["/problems/refused"]},
        "title": {"type": "string", "examples": ["不能办理"]},
        "status": {"type": "integer", "format": "int32", "examples": [409]},
        "detail": {"type": "string", "description": "错在哪里、怎么办"},
        "code": {"type": "string", "description": "稳定的错误代码", "examples": ["REFUSED"]},
        "request_id": {"type": "string", "description": "请求编号，报告问题时提供"},
        "params": {"type": "object", "additionalProperties": True, "description": "detail 中出现的取值"},
        "errors": {
            "type": "array",
            "description": "逐项的内容错误",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string", "examples": ["#/body/name"]},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "rule": {"type": "string", "description": "没有条款可依的规则"},
        "clause": {"type": "string", "description": "不予办理所依据的条款", "examples": ["JL-10"]},
        "document": {"type": "string", "description": "条款所在文件"},
        "decisions": {
            "type": "array",
            "description": "不予办理的各项决定，可凭 decision_id 查证",
            "items": {"type": "object", "additionalProperties": True},
        },
    },
}
_PROBLEMS = {
    400: "请求不是有效的 JSON，或分页游标无效",
    401: "未登录或凭证无效",
    403: "角色无权办理",
    404: "没有找到，或不在管辖地区内",
    409: "当前状态不能办理，或政策不予办理",
    412: "记录已被修改",
    413: "请求内容过大",
    422: "请求内容校验失败",
    428: "缺少 If-Match",
    500: "系统内部错误",
    503: "服务暂不可用",
    504: "服务未及时答复",
}
_RETRY = {"Retry-After": {"description": "几秒后可重试", "schema": {"type": "integer", "format": "int32"}}}


class DocumentClash(Exception):
    """Two services claim the same operation or the same path."""


def merged_document(names: Iterable[str] | None = None) -> Json:
    """The document of these services, or of all that there are."""
    services = [find_service(name) for name in (service_names() if names is None else names)]
    parts = {service.name: _renamed(_own_document(service), _tidy_names) for service in services}
    schemas = {name: part.get("components", {}).get("schemas", {}) for name, part in parts.items()}
    clashing = _clashes(schemas)
    paths: Json = {}
    components: Json = {"Problem": _PROBLEM}
    for name, part in parts.items():
        here = schemas[name]
        renames = {old: f"{name.capitalize()}{old}" for old in here if old in clashing}
        part = _renamed(part, lambda _schemas, renames=renames: renames)
        _add_paths(paths, part["paths"], service=name)
        components |= part.get("components", {}).get("schemas", {})
    _require_unique(paths)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "contact": {"name": "平台运维"},
        },
        "servers": [{"url": "/", "description": "本网关"}],
        "security": [{"bearer": []}],
        "tags": [{"name": service.name, "description": service.title} for service in services],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": _used(components, paths),
            "responses": {str(status): _problem_response(status) for status in _PROBLEMS},
            "headers": {
                "Position": {
                    "description": "此次办理的位置，可放进视图请求的 Wait-For",
                    "schema": {"type": "string", "examples": ["recruitment:8e03978e-40d5-43e8-bc93-6894a57f9324"]},
                }
            },
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "OIDC 访问令牌（RFC 9068）",
                }
            },
        },
    }


def _own_document(service: Service) -> Json:
    app = bare_app(service)
    add_routes(app, service)
    document: Json = json.loads(json.dumps(get_openapi(title=service.title, version="1.0.0", routes=app.routes)))
    _strip_null_defaults(document)
    _say_bounds_in_words_of_the_schema(document)
    return document


def _strip_null_defaults(node: Any) -> None:
    """`"default": null` says nothing that "not required" does not, and breaks some readers."""
    if isinstance(node, dict):
        if "default" in node and node["default"] is None:
            del node["default"]
        for value in node.values():
            _strip_null_defaults(value)
    elif isinstance(node, list):
        for value in node:
            _strip_null_defaults(value)


_BOUNDS = {"gt": "exclusiveMinimum", "ge": "minimum", "lt": "exclusiveMaximum", "le": "maximum"}


def _say_bounds_in_words_of_the_schema(node: Any) -> None:
    """Bounds of an amount that may be a number or a string come out under Python's names; they hold for the number."""
    if isinstance(node, dict):
        alternatives = [one for one in node.get("anyOf", ()) if one.get("type") == "number"]
        for name, said in _BOUNDS.items():
            if name in node and "anyOf" in node:
                bound = node.pop(name)
                for number in alternatives:
                    number[said] = float(bound)
        for value in node.values():
            _say_bounds_in_words_of_the_schema(value)
    elif isinstance(node, list):
        for value in node:
            _say_bounds_in_words_of_the_schema(value)


_REF = "#/components/schemas/"


def _renamed(document: Json, names: Any) -> Json:
    """The document with its schemas under the new names that `names` gives for the old ones."""
    schemas = document.get("components", {}).get("schemas", {})
    renames: Mapping[str, str] = names(schemas)
    if not renames:
        return document
    taken = set(renames.values()) & (schemas.keys() - renames.keys())
    if taken or len(set(renames.values())) < len(renames):
        raise DocumentClash(f"schemas cannot be renamed to {', '.join(sorted(renames.values()))}: rename one by hand")
    text = json.dumps(document)
    for old, new in renames.items():
        text = text.replace(json.dumps(_REF + old), json.dumps(_REF + new))
    fresh: Json = json.loads(text)
    fresh["components"]["schemas"] = {
        renames.get(name, name): schema for name, schema in fresh["components"]["schemas"].items()
    }
    return fresh


def _tidy_names(schemas: Mapping[str, Any]) -> dict[str, str]:
    """`Page_Filing_` reads better as `FilingPage`."""
    found = {name: re.sub(r"^(\w+?)_(\w+)_$", r"\2\1", name) for name in schemas}
    return {old: new for old, new in found.items() if old != new and new not in schemas}


def _clashes(schemas: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Names that mean different things in different services, by all that they lead to."""
    meanings: dict[str, set[str]] = {}
    for here in schemas.values():
        for name in here:
            whole = {one: here[one] for one in _reachable({"$ref": _REF + name}, here)}
            meanings.setdefault(name, set()).add(json.dumps(whole, sort_keys=True))
    return {name for name, found in meanings.items() if len(found) > 1} | ({"Problem"} & meanings.keys())


def _reachable(node: Any, schemas: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            ref = one.get("$ref")
            name = ref.removeprefix(_REF) if isinstance(ref, str) else ""
            if name in schemas and name not in found:
                found.add(name)
                waiting.append(schemas[name])
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return found


def _used(components: Mapping[str, Any], paths: Json) -> Json:
    used = _reachable(paths, components) | {"Problem"}
    return {name: components[name] for name in sorted(used)}


def _add_paths(paths: Json, more: Mapping[str, Json], *, service: str) -> None:
    for path, operations in more.items():
        for method, operation in operations.items():
            taken = paths.setdefault(path, {})
            if method in taken:
                raise DocumentClash(f"{method.upper()} {path}: both {taken[method]['x-service']} and {service} have it")
            taken[method] = _public(operation, path=path, method=method, service=service)


def _public(operation: Json, *, path: str, method: str, service: str) -> Json:
    responses = {
        status: response for status, response in operation["responses"].items() if status.startswith(("2", "3"))
    }
    parameters = operation.get("parameters", [])
    headers = {one["name"] for one in parameters if one["in"] == "header"}
    for response in responses.values():
        stream = response.get("content", {}).get("text/event-stream", {}).get("schema", {})
        if "$ref" in stream:
            stream.pop("type", None)  # each message is that schema, and no string
    if method != "get":
        for status, response in responses.items():
            if status.startswith("2"):
                response.setdefault("headers", {})["Position"] = {"$ref": "#/components/headers/Position"}
    statuses = {401, 403, 422, 500, 503}
    statuses |= {404, 409} if method != "get" else {404} if "{" in path else set()
    statuses |= {400} if method != "get" or any(one["name"] == "cursor" for one in parameters) else set()
    statuses |= {413} if "requestBody" in operation else set()
    statuses |= {412, 428} if "If-Match" in headers else set()
    statuses |= {int(status) for status in operation["responses"] if status.isdigit() and int(status) in _PROBLEMS}
    if "If-None-Match" in headers:
        responses["304"] = {"description": "未变"}
    responses |= {str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted({*statuses, 504})}
    roles = sorted(access_matrix().get(operation["operationId"], ()))
    return operation | {
        "tags": [service],
        "responses": responses,
        "security": [{"bearer": []}],
        "x-service": service,
        "x-roles": [str(role) for role in roles],
    }


def _problem_response(status: int) -> Json:
    response: Json = {
        "description": _PROBLEMS[status],
        "content": {PROBLEM: {"schema": {"$ref": _REF + "Problem"}}},
    }
    if status in (503, 504):
        response["headers"] = _RETRY
    return response


def _require_unique(paths: Json) -> None:
    """Operation ids are unique, and no two path templates match the same URL."""
    owners: dict[str, str] = {}
    for path, operations in paths.items():
        for method, operation in operations.items():
            shape = f"{method.upper()} {re.sub(r'{[^}]*}', '{}', path)}"
            for claim in (operation["operationId"], shape):
                if claim in owners:
                    raise DocumentClash(f"{claim}: both {owners[claim]} and {operation['x-service']} have it")
                owners[claim] = operation["x-service"]


def as_text(document: Json) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1, sort_keys=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(as_text(merged_document()), encoding="utf-8")
