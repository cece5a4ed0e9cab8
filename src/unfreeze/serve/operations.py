"""What those who run the server ask for: whether it lives, is ready, what it counts, and to load models anew."""

from fastapi import APIRouter
from starlette.responses import Response

from unfreeze.errors import UnfreezeError
from unfreeze.serve import metrics, schemas
from unfreeze.serve.problems import Problem
from unfreeze.serve.registry import Registry
from unfreeze.serve.routes import problems


def operation_routes(registry: Registry, counted: metrics.Metrics) -> APIRouter:
    """The routes of operation.

    Args:
        registry: The models.
        counted: What the server counts.

    Returns:
        Routes.
    """
    router = APIRouter()

    @router.get("/health", responses=problems(403))
    async def health() -> schemas.State:
        """Say that the process lives."""
        return schemas.State(status="alive")

    @router.get("/ready", responses=problems(403, 503))
    async def ready() -> schemas.State:
        """Say whether all models are loaded and have answered once."""
        registry.find(None)
        return schemas.State(status="ready")

    @router.get(
        "/metrics",
        response_class=Response,
        responses={**problems(401, 403), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def figures() -> Response:
        """Counters and histograms, as Prometheus reads them."""
        return Response(counted.text(), media_type=metrics.MEDIA_TYPE)

    @router.post("/v1/reload", responses=problems(401, 403, 409, 429))
    async def reload() -> schemas.State:
        """Read all models from their folders again; requests in work end with the model that they began with."""
        try:
            await registry.load()
        except UnfreezeError as error:
            message = f"{error}; the models that were loaded before go on answering"
            raise Problem(409, "not-loaded", message) from error
        return schemas.State(status="loaded")

    return router
