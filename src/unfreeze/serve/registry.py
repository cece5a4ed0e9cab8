"""The models that are served, by name; read again while requests go on."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from pathlib import Path

from unfreeze.errors import nearest
from unfreeze.images.limits import DecodeLimits
from unfreeze.serve.answers import Model, OpenModel, Squares
from unfreeze.serve.batching import Batcher
from unfreeze.serve.problems import Problem

MakeBatcher = Callable[[str, Model, Squares], Batcher]
"""Makes what answers a model's pictures, under its name; it may try the model on the views of a blank picture."""


class Served:
    """One model under its name, from its loading until its last request is answered.

    Args:
        name: What clients call it.
        model: The model.
        batcher: What answers its pictures.
    """

    def __init__(self, name: str, model: Model, batcher: Batcher) -> None:
        self.name = name
        self.model = model
        self.batcher = batcher
        self._users = 0
        self._unused = asyncio.Event()
        self._unused.set()

    @asynccontextmanager
    async def used(self) -> AsyncIterator[None]:
        """While a request is inside, the model stays."""
        self._users += 1
        self._unused.clear()
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    async def close(self) -> None:
        """Ends when nobody uses the model any more."""
        await self._unused.wait()
        await self.batcher.close()


class Registry:
    """Models by name.

    Args:
        sources: Run folders and bundles by name; the first one answers who names none.
        open_model: Opens one.
        make_batcher: Makes what answers its pictures.
        pool: Where models are opened.
    """

    def __init__(
        self, sources: Mapping[str, Path], *, open_model: OpenModel, make_batcher: MakeBatcher, pool: Executor
    ) -> None:
        assert sources, "there is a model to serve"
        self.sources = dict(sources)
        self.models: dict[str, Served] = {}
        self._open = open_model
        self._make_batcher = make_batcher
        self._pool = pool
        self._loading = asyncio.Lock()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def ready(self) -> bool:
        """Whether all models are loaded and have answered once."""
        return len(self.models) == len(self.sources)

    def find(self, name: str | None) -> Served:
        """The model that a client means.

        Args:
            name: Its name; None for the first one.

        Returns:
            The model.

        Raises:
            Problem: If there is none of that name, or it is not loaded yet.
        """
        if name is not None and name not in self.sources:
            known = ", ".join(self.sources)
            message = f"no model is called {name!r}; there are {known}{nearest(name, self.sources)}"
            raise Problem(404, "no-such-model", message)
        if not self.ready:
            raise Problem(503, "not-ready", "models are being loaded; come again", headers={"Retry-After": "1"})
        return self.models[name if name is not None else next(iter(self.sources))]

    async def load(self) -> None:
        """Opens all models anew, has each answer once, and only then lets them answer others.

        Requests that are in work keep the model that they began with.

        Raises:
            UnfreezeError: If one cannot be opened; then all stay as they were.
        """
        async with self._loading:
            loop = asyncio.get_running_loop()
            before, sources = self.models, self.sources.items()
            self.models = {
                name: await loop.run_in_executor(self._pool, self._opened, name, path) for name, path in sources
            }
            for old in before.values():
                task = asyncio.create_task(old.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Ends when all requests are answered."""
        await asyncio.gather(*self._closing, *(served.close() for served in self.models.values()))

    def _opened(self, name: str, path: Path) -> Served:
        model = self._open(path)
        blank = model.squares(BLANK, name="blank", views=0, limits=DecodeLimits())
        model.answers([blank])  # the first one is slow
        return Served(name, model, self._make_batcher(name, model, blank))


def _blank() -> bytes:
    """A small picture without anything on it, as the bytes of a BMP file."""
    width, height = 64, 64
    pixels = bytes(3 * width * height)
    header = b"BM" + (54 + len(pixels)).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    sizes = (40).to_bytes(4, "little") + width.to_bytes(4, "little") + height.to_bytes(4, "little")
    return header + sizes + b"\x01\0\x18\0" + bytes(24) + pixels


BLANK = _blank()
