"""What programs ask for: predictions, explanations, and what models there are."""

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from unfreeze.errors import nearest
from unfreeze.serve import schemas
from unfreeze.serve.answers import Answer
from unfreeze.serve.bodies import HeldBytes, read_uploads
from unfreeze.serve.limits import ServeLimits
from unfreeze.serve.pictures import png_uri, square_uri
from unfreeze.serve.problems import MEDIA_TYPE, Problem
from unfreeze.serve.registry import Registry, Served
from unfreeze.serve.service import Outcome, Service
from unfreeze.transforms.views import TTA_VIEWS

TOP_CLASSES, MOST_CLASSES = 5, 10_000

Named = Annotated[str | None, Query(alias="model", description="Name of a model; the first one if left out.")]
TopK = Annotated[int, Query(ge=1, le=MOST_CLASSES, description="How many classes to name, the most probable first.")]
Tta = Annotated[bool, Query(description=f"Average over {TTA_VIEWS} augmented views as well.")]
WithSquares = Annotated[bool, Query(alias="squares", description="Show what the network saw.")]
AskedClass = Annotated[str | None, Query(alias="class", min_length=1, description="The most probable one if left out.")]

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_RAW = dict.fromkeys(("image/jpeg", "image/png", "application/octet-stream"), _BINARY)
_FORM = {
    "schema": {
        "type": "object",
        "properties": {"pictures": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}},
        "required": ["pictures"],
        "additionalProperties": False,
    }
}
ONE_PICTURE = {"requestBody": {"required": True, "content": _RAW}}
SEVERAL_PICTURES = {"requestBody": {"required": True, "content": {"multipart/form-data": _FORM, **_RAW}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route says of its problems, for the OpenAPI description."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    return {
        status: {"description": "Why there is no answer", "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


ASKED = problems(400, 401, 403, 404, 408, 413, 415, 422, 429, 503, 504)


def model_routes(registry: Registry, service: Service, held: HeldBytes, limits: ServeLimits) -> APIRouter:
    """The routes that answer with a model.

    Args:
        registry: The models.
        service: What answers pictures.
        held: The bytes that may be held.
        limits: What a request may cost.

    Returns:
        Routes.
    """
    router = APIRouter(prefix="/v1")

    @router.post("/predict", responses=ASKED, openapi_extra=SEVERAL_PICTURES)
    async def predict(
        request: Request,
        model: Named = None,
        top_k: TopK = TOP_CLASSES,
        tta: Tta = False,
        squares: WithSquares = False,
    ) -> schemas.Answers:
        """Name the class of one picture, or of several."""
        served = registry.find(model)
        async with served.used():
            with held.lease() as lease:
                uploads = await read_uploads(request, lease, limits=limits)
                outcomes = await service.predict(served, uploads, views=TTA_VIEWS if tta else 0)
            if len(outcomes) == 1 and outcomes[0].problem:
                raise outcomes[0].problem
            write = _Writer(served, top_k=top_k, squares=squares)
            pictures = await run_in_threadpool(lambda: [write(found) for found in outcomes])
        return schemas.Answers(model=served.name, version=_version(served), pictures=pictures)

    _add_explain(router, registry, service, held, limits)
    _add_models(router, registry, limits)
    return router


def _add_explain(router: APIRouter, registry: Registry, service: Service, held: HeldBytes, limits: ServeLimits) -> None:
    """The route that shows where a model looked."""

    @router.post("/explain", responses=ASKED, openapi_extra=ONE_PICTURE)
    async def explain(request: Request, model: Named = None, asked: AskedClass = None) -> schemas.Explanation:
        """Show where in a picture the model saw a class."""
        served = registry.find(model)
        index = None if asked is None else _index(served, asked)
        async with served.used():
            with held.lease() as lease:
                upload, *others = await read_uploads(request, lease, limits=limits)
                if others:
                    raise Problem(422, "too-many-pictures", "one picture is explained at a time")
                square, seen = await service.look(served, upload, index=index)
            if seen is None:
                raise Problem(422, "no-maps", "this model's features are no averages over positions: it has no map")
            uris = await run_in_threadpool(lambda: (square_uri(square), png_uri(seen.overlay)))
        return schemas.Explanation(
            model=served.name,
            version=_version(served),
            class_=served.model.classes[seen.index],
            square=uris[0],
            map=uris[1],
        )


def _add_models(router: APIRouter, registry: Registry, limits: ServeLimits) -> None:
    """The routes that say what models there are."""

    @router.get("/models", responses=problems(401, 403, 503))
    async def models() -> schemas.ModelList:
        """All models, and what a request may hold."""
        registry.find(None)
        return schemas.ModelList(
            models=[_info(served) for served in registry.models.values()],
            limits=schemas.RequestLimits(
                pictures=limits.pictures,
                picture_bytes=limits.picture_bytes,
                request_bytes=limits.request_bytes,
                pixels=limits.pixels,
            ),
        )

    @router.get("/model", responses=problems(401, 403, 404, 422, 503))
    async def model(model: Named = None) -> schemas.ModelInfo:
        """What is said of one model."""
        return _info(registry.find(model))


class _Writer:
    """Puts outcomes into the form of the answers."""

    def __init__(self, served: Served, *, top_k: int, squares: bool) -> None:
        self._classes = served.model.classes
        self._top_k = top_k
        self._squares = squares

    def __call__(self, found: Outcome) -> schemas.PictureAnswer:
        answer, problem = found.answer, found.problem
        members = answer.members if answer else None
        return schemas.PictureAnswer(
            name=found.name,
            names=list(answer.names) if answer else [],
            refused=bool(answer and answer.refused),
            distance=answer.distance if answer else None,
            classes=self._ranked(answer) if answer else [],
            set=list(members) if members is not None else None,
            square=square_uri(found.square) if self._squares and found.square is not None else None,
            problem=schemas.ProblemDetails(**problem.to_dict()) if problem else None,
        )

    def _ranked(self, answer: Answer) -> list[schemas.ClassProbability]:
        order = np.argsort(-np.asarray(answer.probabilities), kind="stable")[: self._top_k]  # ties as in `names`
        return [
            schemas.ClassProbability(name=self._classes[index], probability=answer.probabilities[index])
            for index in order.tolist()
        ]


def _info(served: Served) -> schemas.ModelInfo:
    return schemas.ModelInfo.model_validate({"name": served.name, **served.model.describe()})


def _version(served: Served) -> str:
    return str(served.model.describe()["version"])


def _index(served: Served, name: str) -> int:
    classes = served.model.classes
    if name not in classes:
        raise Problem(422, "no-such-class", f"the model has no class {name!r}{nearest(name, classes)}")
    return classes.index(name)
