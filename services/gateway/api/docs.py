"""The public OpenAPI document and a page to read and try it, which needs no internet."""

from pathlib import Path
from typing import Any

import fastapi_offline
import orjson
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

DOCUMENT = Path(__file__).resolve().parents[1] / "openapi.json"
_ASSETS = Path(fastapi_offline.__file__).parent / "static"
_ASSETS_AT = "/docs-assets"
# The page itself may only talk to us, whatever its scripts would like to load.
_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
)


def public_document(path: Path = DOCUMENT) -> dict[str, Any]:
    """All public operations of the platform, as committed; `make openapi` writes it."""
    document: dict[str, Any] = orjson.loads(path.read_bytes())
    return document


def add_docs(app: FastAPI, document: dict[str, Any]) -> None:
    app.openapi = lambda: document  # type: ignore[method-assign]  # served at /openapi.json by FastAPI
    app.mount(_ASSETS_AT, StaticFiles(directory=_ASSETS), name="docs_assets")

    @app.get("/", include_in_schema=False)
    async def home() -> RedirectResponse:
        return RedirectResponse("/docs")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=f"{document['info']['title']} · API",
            oauth2_redirect_url=None,
            swagger_js_url=f"{_ASSETS_AT}/swagger-ui-bundle.js",
            swagger_css_url=f"{_ASSETS_AT}/swagger-ui.css",
            swagger_favicon_url=f"{_ASSETS_AT}/favicon.png",
            swagger_ui_parameters={
                "validatorUrl": None,
                "docExpansion": "none",
                "filter": True,
                "persistAuthorization": False,
                "displayRequestDuration": True,
            },
        )
        page.headers["Content-Security-Policy"] = _POLICY
        return page
