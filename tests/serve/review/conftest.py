"""A finished run on pictures of which one of each split is in the wrong folder, and reviews of copies of it."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from made import Recorder, new_cache, write_collection
from serve_review import SETTINGS, WRONG, OpenReview
from unfreeze.recipe.train import train
from unfreeze.serve.review.session import Session, open_session


@pytest.fixture(scope="session")
def reviewed_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the activations of the pictures."""
    return new_cache(tmp_path_factory)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    counts = {"train/red": 9, "train/blue": 10, "valid/red": 6, "valid/blue": 7}
    root = write_collection(tmp_path_factory.mktemp("reviewed") / "colours", counts)
    for path in WRONG:
        split = path.partition("/")[0]
        (root / split / "blue/000.png").rename(root / path)
    return root


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, pictures: Path, reviewed_cache: Path) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNFREEZE_CACHE", str(reviewed_cache))
        return train(pictures, tmp_path_factory.mktemp("runs") / "run", SETTINGS, Recorder()).folder


@pytest.fixture
def run(finished: Path, tmp_path: Path, reviewed_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the finished run, in a folder without checks."""
    monkeypatch.setenv("UNFREEZE_CACHE", str(reviewed_cache))
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(finished, tmp_path / "run"))


@pytest.fixture
def open_review(run: Path) -> Iterator[OpenReview]:
    """Opens the review of the run, and closes the one that was open: a server that is started anew."""
    with ExitStack() as stack:

        def opened(**options: Path | None) -> Session:
            stack.close()
            return stack.enter_context(open_session(run, **options))  # type: ignore[arg-type]

        yield opened
