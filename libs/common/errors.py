"""Errors as RFC 9457 problem documents, in Chinese, or in English on request."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from common.policy.decisions import Decision
from common.policy.documents import NoClause, NotChosen
from common.policy.parameters import FiguresUnfit, ParameterMissing
from common.wording import describe_decision
from common.words import NOUNS, WORDS

PROBLEM = "application/problem+json"


class BusinessError(Exception):
    """A broken rule of the trade; a subclass names it and says it in both languages.

    `zh` and `en` are templates over the keyword arguments, which also stand in the answer as `params`.
    """

    status: ClassVar[int] = 409
    headers: ClassVar[dict[str, str]] = {}
    zh: ClassVar[str] = "该操作不能办理。"
    en: ClassVar[str] = "This cannot be done."

    def __init__(self, **params: Any) -> None:
        self.params = params
        super().__init__(self.en.format(**params))

    @property
    def code(self) -> str:
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).upper()

    def members(self, language: str) -> dict[str, Any]:
        return {"params": self.params} if self.params else {}

    def detail(self, language: str) -> str:
        words = {name: _in_words(value, language) for name, value in self.params.items()}
        return (self.en if language == "en" else self.zh).format(**words)


def _in_words(value: Any, language: str) -> Any:
    """A code, or several parted by commas, as the reader knows them; what follows a noun's code is an id."""
    if not isinstance(value, str):
        return value
    codes = value.split(", ")
    if all(code in NOUNS or code in WORDS for code in codes):
        return (", " if language == "en" else "、").join(_word(code, language) for code in codes)
    thing, parted, its_id = value.partition(" ")
    return f"{_word(thing, language)} {its_id}" if parted and thing in NOUNS else value


def _word(code: str, language: str) -> str:
    zh, en = NOUNS.get(code) or (WORDS[code], code)
    return en if language == "en" else zh


class NotFound(BusinessError):
    status = 404
    zh = "没有找到{what}。请核对编号；不在您管辖地区内的记录也不会显示。"
    en = "No {what} found. Check the id; records outside your area are not shown."


class NotAllowed(BusinessError):
    status = 403
    zh = "您的角色不能办理此事项（{operation}）。可办理的角色：{roles}。"
    en = "Your roles may not do this ({operation}). Roles that may: {roles}."


class Unauthenticated(BusinessError):
    status = 401
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": "Bearer"}
    zh = "登录凭证缺失或无效：{reason}。请重新登录。"
    en = "The bearer token is missing or not valid: {reason}. Sign in again."


class IssuerAway(BusinessError):
    status = 503
    headers: ClassVar[dict[str, str]] = {"Retry-After": "5"}
    zh = "暂时无法核验登录凭证（身份认证服务没有应答），请稍后重试。"
    en = "The token cannot be checked just now: the identity provider does not answer. Try again shortly."


class NotYetThatDay(BusinessError):
    status = 422
    zh = "办理日期 {on} 晚于今天（{today}），尚不能办理；请填写实际办理日期。"
    en = "The day {on} lies after today ({today}); give the day on which it is really done."


class SamePerson(BusinessError):
    status = 409
    zh = "经办人与审核人不能是同一人：{what}须由另一人办理。"
    en = "Maker and checker must be different people: {what} needs somebody else."


class WrongState(BusinessError):
    zh = "{what}目前状态为“{state}”，不能办理此事项；须先处于“{needed}”。"
    en = "{what} is in state '{state}'; this needs '{needed}'."


class PreconditionRequired(BusinessError):
    status = 428
    zh = "修改前须在 If-Match 中给出所见版本（ETag）。"
    en = "Give the version you saw (ETag) in If-Match."


class PreconditionFailed(BusinessError):
    status = 412
    zh = "该记录已被他人修改，请重新读取后再改。"
    en = "The record has changed since you read it; read it again."


class IdempotencyKeyReused(BusinessError):
    status = 422
    zh = "同一 Idempotency-Key 已用于另一份内容。请换用新的键。"
    en = "This Idempotency-Key was used with another body; use a new key."


class BadCursor(BusinessError):
    status = 400
    zh = "分页游标无效或与查询条件不符，请从第一页重新读取。"
    en = "The cursor is not valid for this query; start from the first page."


class Refused(BusinessError):
    """Policy says no. The work is undone, the decisions stay: an auditor sees what was not allowed."""

    def __init__(self, *decisions: Decision[Any], subject: str) -> None:
        self.decisions = decisions
        self.subject = subject
        super().__init__()

    def detail(self, language: str) -> str:
        return "\n".join(describe_decision(decision, language) for decision in self.decisions)

    def members(self, language: str) -> dict[str, Any]:
        first = self.decisions[0]
        return {
            "clause": first.clause,
            "document": first.document,
            "decisions": [decision.model_dump(mode="json") for decision in self.decisions],
        }


_TITLES = {
    400: ("请求有误", "Bad request"),
    401: ("未登录", "Not signed in"),
    403: ("无权办理", "Not permitted"),
    404: ("没有找到", "Not found"),
    405: ("不支持的方法", "Method not allowed"),
    409: ("不能办理", "Cannot be done"),
    412: ("版本已变", "Changed since read"),
    413: ("内容过大", "Body too large"),
    422: ("请求内容校验失败", "The body is not valid"),
    428: ("缺少版本条件", "Version required"),
    500: ("系统内部错误", "Internal error"),
    503: ("服务暂不可用", "Temporarily unavailable"),
    504: ("服务未及时答复", "No answer in time"),
}


def language_of(request: Request) -> str:
    wanted = request.headers.get("accept-language", "").strip().lower()
    return "en" if wanted.startswith("en") else "zh"


def problem(
    request: Request, *, status: int, code: str, detail: str, headers: dict[str, str] | None = None, **members: Any
) -> Response:
    language = language_of(request)
    zh, en = _TITLES.get(status, ("请求未能办理", "Not done"))
    body = {
        "type": f"/problems/{code.lower().replace('_', '-')}",
        "title": en if language == "en" else zh,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request.scope.get("request_id", ""),
        **members,
    }
    headers = {"Content-Language": "en" if language == "en" else "zh-CN", **(headers or {})}
    content = orjson.dumps(body, default=str)
    return Response(content, status_code=status, media_type=PROBLEM, headers=headers)


def problem_of(request: Request, error: BusinessError) -> Response:
    language = language_of(request)
    return problem(
        request,
        status=error.status,
        code=error.code,
        detail=error.detail(language),
        headers=dict(error.headers),
        **error.members(language),
    )


async def _on_business_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, BusinessError)  # noqa: S101  # registered for this class alone
    return problem_of(request, error)


async def _on_no_clause(request: Request, error: Exception) -> Response:
    assert isinstance(error, NoClause | NotChosen)  # noqa: S101  # registered for these alone
    return problem(
        request,
        status=409,
        code="NO_CLAUSE" if isinstance(error, NoClause) else "NOT_CHOSEN",
        detail=error.en if language_of(request) == "en" else error.zh,
        rule=error.rule,
    )


async def _on_missing_parameter(request: Request, error: Exception) -> Response:
    assert isinstance(error, ParameterMissing)  # noqa: S101  # registered for this class alone
    return problem(
        request,
        status=409,
        code="PARAMETER_MISSING",
        detail=error.en if language_of(request) == "en" else error.zh,
        params={"code": error.code, "area": error.area, "staff": error.staff, "on": error.on.isoformat()},
        clause=error.clause,
    )


async def _on_unfit_figures(request: Request, error: Exception) -> Response:
    assert isinstance(error, FiguresUnfit)  # noqa: S101  # registered for this class alone
    return problem(
        request,
        status=409,
        code="FIGURES_UNFIT",
        detail=error.en if language_of(request) == "en" else error.zh,
        params={"codes": error.codes},
        clause=error.clause,
    )


_FAULTS = {
    "missing": ("缺少必填项", "required"),
    "extra_forbidden": ("不接受此字段", "not an accepted field"),
    "string_pattern_mismatch": ("格式不符", "does not match the format"),
    "finite_number": ("须为有限数值", "must be a finite number"),
    "enum": ("不在可选范围内", "not one of the values"),
    "literal_error": ("不在可选范围内", "not one of the values"),
    "json_invalid": ("不是有效的 JSON", "not valid JSON"),
    "identity_number": (
        "不得填写身份证件号码；请填写人员编号，或删去该号码",
        "must hold no identity number; give the person's id instead, or leave it out",
    ),
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}|\[key\]")
_NUMBER = re.compile(r"\d{5}")
_TOLD = ("value_error", "json_invalid", "union_tag_invalid")  # what these allow is told with what was sent


def _place(part: int | str) -> str:
    """A part of a pointer; `…` for a key of the sender's own that is no plain word, or has a long number in it."""
    if isinstance(part, int) or (_NAME.fullmatch(part) and not _NUMBER.search(part)):
        return str(part)
    return "…"


def told_faults(faults: Sequence[Any], *, at: tuple[str, ...] = (), english: bool) -> list[dict[str, str]]:
    """pydantic's faults, each with its place beneath `at` and what is allowed there, and no echo of what was sent: a
    key is that, too.
    """
    told = []
    for fault in faults:
        zh, en = _FAULTS.get(fault["type"], ("取值不符合要求", "not an acceptable value"))
        allowed = (
            {key: value for key, value in fault.get("ctx", {}).items() if isinstance(value, int | float | str)}
            if fault["type"] not in _TOLD
            else {}
        )
        told.append(
            {
                "pointer": "#/" + "/".join((*at, *map(_place, fault["loc"]))),
                "code": fault["type"].upper(),
                "detail": (en if english else zh) + (f" {allowed}" if allowed else ""),
            }
        )
    return told


async def _on_invalid(request: Request, error: Exception) -> Response:
    """What was wrong and where, without an echo of what was sent: it may be somebody's identity number."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for this class alone
    english = language_of(request) == "en"
    faults = told_faults(error.errors(), english=english)
    broken = any(fault["type"] == "json_invalid" for fault in error.errors())
    detail = f"{len(faults)} field(s) not valid." if english else f"{len(faults)} 处内容有误，请逐项更正后重试。"
    code = "BODY_NOT_JSON" if broken else "VALIDATION_FAILED"
    return problem(request, status=400 if broken else 422, code=code, detail=detail, errors=faults)


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  # registered for this class alone
    headers = dict(error.headers or {})
    english = language_of(request) == "en"
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods_at(request)))
    zh, en = _TITLES.get(error.status_code, ("请求未能办理", "Not done"))
    detail = f"{en}: {request.url.path}" if english else f"{zh}：{request.url.path}"
    return problem(request, status=error.status_code, code=f"HTTP_{error.status_code}", detail=detail, headers=headers)


def _methods_at(request: Request) -> set[str]:
    """Every method of the path (RFC 9110 §10.2.1); the router itself names those of one route only."""
    return {
        method
        for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    }


async def _on_crash(request: Request, error: Exception) -> Response:
    english = language_of(request) == "en"
    detail = (
        "Something broke on our side; nothing was changed. Report the request id."
        if english
        else "系统内部出错，未做任何更改。请将请求编号告知运维人员。"
    )
    return problem(request, status=500, code="INTERNAL_ERROR", detail=detail)


def add_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(BusinessError, _on_business_error)
    app.add_exception_handler(NoClause, _on_no_clause)
    app.add_exception_handler(NotChosen, _on_no_clause)
    app.add_exception_handler(ParameterMissing, _on_missing_parameter)
    app.add_exception_handler(FiguresUnfit, _on_unfit_figures)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_crash)
