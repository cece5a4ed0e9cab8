"""Puts the server together: models, queue, routes and guard."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from unfreeze.errors import UnfreezeError
from unfreeze.serve.answers import Model, OpenModel, Squares
from unfreeze.serve.batching import Batcher, Batching
from unfreeze.serve.bodies import HeldBytes
from unfreeze.serve.bundled import BundledModel
from unfreeze.serve.guard import Guard, Observed
from unfreeze.serve.handlers import HANDLERS, describe_problems
from unfreeze.serve.limits import ServeLimits
from unfreeze.serve.metrics import Metrics
from unfreeze.serve.operations import operation_routes
from unfreeze.serve.page import page_routes
from unfreeze.serve.registry import Registry
from unfreeze.serve.routes import model_routes
from unfreeze.serve.service import Service
from unfreeze.serve.tuning import cheapest_batch

LOG = logging.getLogger("unfreeze.serve")


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may ask.

    Attributes:
        key: What clients have to show; empty where there is none.
        hosts: Names under which the server may be asked; empty for any.
    """

    key: str = ""
    hosts: Collection[str] = ()


@dataclass(frozen=True, kw_only=True)
class Threads:
    """How the cores are used.

    Attributes:
        decoders: Pictures that are decoded at a time.
        batching: How pictures come to the engine, and how many calls of it run at a time.
    """

    decoders: int = 1
    batching: Batching = field(default_factory=Batching)


def create_app(
    sources: Mapping[str, Path],
    *,
    limits: ServeLimits | None = None,
    access: Access | None = None,
    threads: Threads | None = None,
    open_model: OpenModel = BundledModel,
    on_failure: Callable[[Exception], None] | None = None,
    more: Sequence[APIRouter] = (),
) -> ASGIApp:
    """A server's application; models are loaded when it starts.

    Args:
        sources: Run folders and bundles by the names that clients give them; the first one answers who names none.
        limits: What requests may cost.
        access: Who may ask.
        threads: How the cores are used.
        open_model: Opens a model.
        on_failure: Told why a model could not be loaded at the start.
        more: Other routes.

    Returns:
        The application, as ASGI has it.
    """
    limits, access, threads = limits or ServeLimits(), access or Access(), threads or Threads()
    decoders = ThreadPoolExecutor(threads.decoders, thread_name_prefix="decoder")
    engines = ThreadPoolExecutor(threads.batching.workers, thread_name_prefix="engine")
    loaders = ThreadPoolExecutor(1, thread_name_prefix="loader")  # so that pictures need not wait for a new model
    held = HeldBytes(limits.held_bytes)
    counted = Metrics(waiting=lambda: service.waiting, held_bytes=lambda: held.held)
    service = Service(limits=limits, decoders=decoders, on_picture=counted.picture)

    def make_batcher(name: str, model: Model, blank: Squares) -> Batcher:
        batching = threads.batching
        if not batching.size:
            batching = replace(batching, size=cheapest_batch(model.answers, blank))
        return Batcher(model.answers, engines, batching=batching, on_batch=partial(counted.batch, name))

    registry = Registry(sources, open_model=open_model, make_batcher=make_batcher, pool=loaders)
    app = FastAPI(
        title="unfreeze",
        summary="Names the class of pictures.",
        version=version("unfreeze"),
        docs_url=None,  # these pages would fetch scripts from elsewhere
        redoc_url=None,
        lifespan=partial(_lifespan, registry=registry, pools=(decoders, engines, loaders), on_failure=on_failure),
        exception_handlers=HANDLERS,
    )
    app.include_router(model_routes(registry, service, held, limits))
    app.include_router(operation_routes(registry, counted))
    for routes in (page_routes(), *more):
        app.include_router(routes)
    describe_problems(app)
    known = {"/", "/openapi.json", *app.openapi()["paths"]}
    guarded = Guard(app, key=access.key, hosts=access.hosts, requests_per_minute=limits.requests_per_minute)
    return Observed(
        guarded,
        on_request=lambda path, status, seconds: counted.request(path if path in known else "other", status, seconds),
    )


@asynccontextmanager
async def _lifespan(
    app: FastAPI,  # noqa: ARG001 - FastAPI hands it over
    *,
    registry: Registry,
    pools: Sequence[ThreadPoolExecutor],
    on_failure: Callable[[Exception], None] | None,
) -> AsyncIterator[None]:
    """Loads models while the server already says that it lives; afterwards waits for all that is in work."""

    async def load() -> None:
        try:
            await registry.load()
        except Exception as error:  # else the server would never be ready, and say nothing of it
            LOG.error("%s", error, exc_info=None if isinstance(error, UnfreezeError) else error)
            if on_failure and not registry.ready:
                on_failure(error)

    tasks = {asyncio.create_task(load())}
    loop = asyncio.get_running_loop()
    with suppress(
        AttributeError, NotImplementedError, RuntimeError, ValueError
    ):  # Windows; a thread beside the main one
        loop.add_signal_handler(signal.SIGHUP, lambda: tasks.add(loop.create_task(load())))
    yield
    await asyncio.gather(*tasks)
    await registry.close()
    for pool in pools:
        pool.shutdown()
