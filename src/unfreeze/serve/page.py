"""The page for people: one file with all that it needs, which asks nobody but this server."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import HTMLResponse

STYLE_OF_PAGES = ("unfreeze.report", "templates/style.css")
"""What all pages share."""


def page_routes() -> APIRouter:
    """The route of the page."""
    router = APIRouter()

    @router.get("/", include_in_schema=False)
    async def page() -> HTMLResponse:
        text, policy = predict_page()
        return HTMLResponse(text, headers={"Content-Security-Policy": policy})

    return router


@cache
def predict_page() -> tuple[str, str]:
    """The page for predictions, and the policy that lets a browser run nothing but what stands in it.

    Returns:
        HTML, and the value of its header Content-Security-Policy.
    """
    return assembled("page/page.html", styles=("page/page.css",), scripts=SCRIPTS, images="blob: data:")


def assembled(html: str, *, styles: Sequence[str], scripts: Sequence[str], images: str) -> tuple[str, str]:
    """A page with its styles, after those of all pages, and its scripts inside.

    Args:
        html: Name of its HTML file, below this package, with places for both.
        styles: Names of its style sheets.
        scripts: Names of its scripts, in their order.
        images: Where its pictures may come from, as the policy names it.

    Returns:
        HTML, and the value of its header Content-Security-Policy.
    """
    style = "".join([_text(*STYLE_OF_PAGES), *(_text("unfreeze.serve", name) for name in styles)])
    script = "\n".join(_text("unfreeze.serve", name) for name in scripts)
    text = _text("unfreeze.serve", html).replace("/* style */", style).replace("/* script */", script)
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src {images}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return text, policy


SCRIPTS = tuple(f"page/{name}" for name in ("asking.js", "dropped.js", "words.js", "table.js", "detail.js", "start.js"))


def _text(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The hash of a text as the policy names it (W3C Content Security Policy Level 3)."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
