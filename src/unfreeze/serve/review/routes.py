"""The routes of the review page."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from unfreeze.errors import CollectionError, RunError
from unfreeze.serve.problems import Problem
from unfreeze.serve.review.access import LocalAccess
from unfreeze.serve.review.decisions import Action
from unfreeze.serve.review.desk import Decision
from unfreeze.serve.review.page import review_page
from unfreeze.serve.review.session import Session
from unfreeze.serve.shown import shown_throughout

MOST_BYTES = 2**16
"""Of a decision: far more than all labels of a picture."""


class Asked(BaseModel):
    """What the page sends with every change.

    Attributes:
        version: The state that it shows.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    version: int


class Decide(Asked):
    """A decision.

    Attributes:
        item: Number of the item.
        action: What is to be done.
        picture: Which picture of the item is meant.
        labels: Indices of the new labels.
    """

    item: int
    action: Action = Field(pattern="^(keep|relabel|exclude|skip)$")
    picture: int = 0
    labels: list[int] = Field(default_factory=list)


Body = TypeVar("Body", bound=Asked)


def review_routes(session: Session, access: LocalAccess | None = None) -> APIRouter:
    """The routes of a review; none of them stands in the OpenAPI description, which is for programs.

    Args:
        session: The review.
        access: Who may use it.

    Returns:
        Routes below /review.
    """
    access = access or LocalAccess()
    router = APIRouter(prefix="/review", include_in_schema=False)

    @router.get("")
    async def page(request: Request) -> HTMLResponse:
        access.check(request)
        text, policy = review_page(access.token)
        return HTMLResponse(text, headers={"Content-Security-Policy": policy})

    @router.get("/queue")
    async def queue(request: Request) -> dict[str, Any]:
        access.check_own_page(request)
        return await _answer(session.queue)

    @router.get("/state")
    async def state(request: Request) -> dict[str, Any]:
        access.check_own_page(request)
        return await _answer(session.desk.state)

    @router.get("/pictures/{number}")
    async def picture(request: Request, number: int, small: Annotated[bool, Query()] = False) -> Response:
        access.check_own_page(request)
        data = await run_in_threadpool(lambda: session.pictures.jpeg(number, small=small))
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=600"})

    @router.post("/decide")
    async def decide(request: Request) -> dict[str, Any]:
        access.check_decision(request)
        asked = await _body(request, Decide)
        decision = Decision(item=asked.item, picture=asked.picture, action=asked.action, labels=tuple(asked.labels))
        return await _written(lambda: session.desk.decide(decision, version=asked.version))

    @router.post("/undo")
    async def undo(request: Request) -> dict[str, Any]:
        access.check_decision(request)
        asked = await _body(request, Asked)
        return await _written(lambda: session.desk.undo(version=asked.version))

    @router.post("/retrain")
    async def retrain(request: Request) -> dict[str, Any]:
        access.check_decision(request)
        await _body(request, Asked)
        return await _written(session.retrain)

    return router


async def _body(request: Request, kind: type[Body]) -> Body:
    """The body of a request, which is read after it is known who sends it, and never more than a decision takes."""
    held = b""
    async for chunk in request.stream():
        held += chunk
        if len(held) > MOST_BYTES:
            raise Problem(413, "request-too-large", f"a decision has at most {MOST_BYTES:,} bytes")
    try:
        return kind.model_validate_json(held)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise Problem(422, "wrong-decision", faults) from error


async def _answer(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What work comes to, for a page: it names pictures and labels by their numbers, so their names are only shown."""
    found: dict[str, Any] = await run_in_threadpool(lambda: shown_throughout(work()))
    return found


async def _written(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What work comes to; a mistake that a person can mend is told as one."""
    try:
        return await _answer(work)
    except CollectionError as error:
        raise Problem(409, "cannot-be-applied", str(error)) from error
    except RunError as error:
        raise Problem(507, "not-written", str(error)) from error
