"""Makes a problem of whatever keeps a route from answering."""

import logging
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from unfreeze.serve import schemas
from unfreeze.serve.problems import Problem, ProblemResponse

LOG = logging.getLogger("unfreeze.serve")


async def _problem(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return ProblemResponse(problem)


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
    return await _problem(request, Problem(422, "wrong-parameter", faults))


async def _not_found(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kinds = {404: "no-such-page", 405: "wrong-method"}
    message = f"{request.method} {request.url.path}: {error.detail}; /openapi.json describes what there is"
    return await _problem(
        request, Problem(error.status_code, kinds.get(error.status_code, "http"), message, headers=error.headers)
    )


async def _our_fault(request: Request, error: Exception) -> Response:
    LOG.error("%s %s", request.method, request.url.path, exc_info=error)
    return ProblemResponse(Problem(500, "our-fault", "a mistake of the server's own; its log has more"))


HANDLERS: dict[Any, Any] = {
    Problem: _problem,
    RequestValidationError: _not_valid,
    HTTPException: _not_found,
    Exception: _our_fault,
}
"""What answers in the place of a route that raises, by what it raises."""


def describe_problems(app: FastAPI) -> None:
    """Adds the form of problems to the OpenAPI description, and takes out the one that FastAPI has of its own.

    Args:
        app: The application, with all its routes.
    """
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = plain()
            forms = found["components"]["schemas"]
            forms["ProblemDetails"] = schemas.ProblemDetails.model_json_schema()
            for unused in ("HTTPValidationError", "ValidationError"):
                forms.pop(unused, None)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]
