"""A model that answers by the mean colour of a picture, small enough to be computed on paper, and servers with it."""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from starlette.testclient import TestClient

from made import COLOURS, noisy_picture
from unfreeze.errors import BundleError
from unfreeze.images.decode import decode
from unfreeze.images.limits import DecodeLimits
from unfreeze.serve.answers import Answer, Seen, Squares
from unfreeze.serve.app import Access, Threads, create_app
from unfreeze.serve.batching import Batching
from unfreeze.serve.limits import ServeLimits

CLASSES = ("red", "green", "blue")
SIDE_PX = 8


@dataclass
class ColourModel:
    """Says how much of a picture is red, green and blue; what is dark is none of these."""

    version: str = "1"
    gate: threading.Event | None = None
    batches: list[int] = field(default_factory=list)
    classes: tuple[str, ...] = CLASSES

    def describe(self) -> dict[str, object]:
        return {
            "version": self.version,
            "classes": list(self.classes),
            "several": False,
            "backbone": "mean",
            "size_px": SIDE_PX,
            "square": "squash",
            "temperature": 1.0,
            "refusal": {"distance": 0.5, "expected": 0.05},
            "coverage": 0.95,
            "maps": True,
        }

    def squares(self, data: bytes, *, name: str, views: int, limits: DecodeLimits) -> Squares:
        square = np.asarray(decode(data, path=name, limits=limits).resize((SIDE_PX, SIDE_PX))).transpose(2, 0, 1)
        return np.stack([square] * (1 + views))

    def answers(self, pictures: Sequence[Squares]) -> list[Answer]:
        if self.gate:
            assert self.gate.wait(30)
        self.batches.append(len(pictures))
        return [self._answer(views) for views in pictures]

    def look(self, square: Squares, *, index: int | None) -> Seen | None:
        asked = int(square.mean((1, 2)).argmax()) if index is None else index
        return Seen(index=asked, overlay=np.ascontiguousarray(square.transpose(1, 2, 0)))

    def _answer(self, views: Squares) -> Answer:
        means = views.mean((0, 2, 3)) + 1e-6
        shares, refused = means / means.sum(), bool(means.sum() < 60)
        return Answer(
            probabilities=tuple(shares.tolist()),
            names=() if refused else (self.classes[int(shares.argmax())],),
            refused=refused,
            distance=float(1 - means.sum() / 765),
            members=tuple(
                name for name, share in zip(self.classes, shares, strict=False) if share > 0.3 and not refused
            ),
        )


def png(colour: str = "red", *, side_px: int = 40) -> bytes:
    """A picture of one colour; "black" is none of the model's."""
    if colour == "black":
        return encoded(Image.new("RGB", (side_px, side_px)))
    return encoded(noisy_picture(COLOURS[colour], 0, (side_px, side_px)))


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    """A picture as the bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, format=kind)
    return buffer.getvalue()


@contextmanager
def client(
    model: ColourModel | None = None,
    *,
    limits: ServeLimits | None = None,
    access: Access | None = None,
    threads: Threads | None = None,
    opened: Callable[[Path], Any] | None = None,
    names: Sequence[str] = ("colours",),
) -> Iterator[TestClient]:
    """A client of a server in this process, whose models are loaded."""
    found = model or ColourModel()
    app = create_app(
        {name: Path(name) for name in names},
        limits=limits,
        access=access,
        threads=threads or Threads(batching=Batching(size=8)),
        open_model=opened or (lambda _: found),
    )
    with TestClient(app, raise_server_exceptions=False) as talking:
        while talking.get("/ready").status_code == 503:
            pass
        yield talking


def damaged(path: Path) -> ColourModel:
    """Opens nothing."""
    raise BundleError(f"{path}: damaged; copy the bundle again", subject=path)


def files(*pictures: bytes, names: Sequence[str] = ()) -> list[tuple[str, tuple[str, bytes, str]]]:
    """Pictures as a client's library takes them for a multipart body."""
    called = names or [f"{number}.png" for number in range(len(pictures))]
    return [("pictures", (name, data, "image/png")) for name, data in zip(called, pictures, strict=True)]
