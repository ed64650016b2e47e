"""The log as static files under `/log/` (C2SP tlog-tiles), for everybody: no person stands in it."""

from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from audit.commands.signing import signer_of
from audit.queries.log import log_path
from audit.tlog.tiles import tile_of
from common.service import Runtime

PAGE = Path(__file__).resolve().parents[1] / "page" / "check.html"
_NEVER_OLD = {"Cache-Control": "no-cache"}
_FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}
_NOT_YET = {"Cache-Control": "no-store"}
_ABSENT = "日志中没有这个文件。\nThere is no such file in the log.\n"


def add_files(app: FastAPI, runtime: Runtime) -> None:
    folder = log_path(runtime.settings)
    keys = "".join(f"{key}\n" for key in signer_of(runtime.settings, runtime.keys).verifiers)

    async def serve(request: Request) -> Response:
        path = request.path_params["path"]
        if path == "key":
            # To compare with the key published elsewhere, never instead of it.
            return PlainTextResponse(keys, headers=_NEVER_OLD)
        if path == "check.html":
            return FileResponse(PAGE, media_type="text/html; charset=utf-8", headers=_NEVER_OLD)
        if path == "checkpoint":
            return _file(folder / path, media_type="text/plain; charset=utf-8", headers=_NEVER_OLD)
        try:
            tile_of(path)
        except ValueError:
            return _absent()
        return _file(folder / path, media_type="application/octet-stream", headers=_FOR_GOOD)

    app.router.routes.append(Route("/log/{path:path}", serve, methods=["GET"], name="read_log_file"))


def _file(place: Path, *, media_type: str, headers: dict[str, str]) -> Response:
    if not place.is_file():
        return _absent()
    return FileResponse(place, media_type=media_type, headers=headers)


def _absent() -> Response:
    return PlainTextResponse(_ABSENT, status_code=404, headers=_NOT_YET)
