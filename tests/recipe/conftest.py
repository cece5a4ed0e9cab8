"""One run of all eight steps that several tests look at."""

from pathlib import Path

import pytest

from made import Recorder, new_cache, write_collection
from unfreeze.recipe.finish import RunResult
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import train


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    counts = {
        f"{split}/{name}": n for split, n in (("train", 8), ("valid", 4), ("test", 2)) for name in ("red", "blue")
    }
    root = write_collection(tmp_path_factory.mktemp("collection") / "colours", counts)
    (root / "train/red/broken.png").write_bytes(b"not a picture")
    return root


@pytest.fixture(scope="module")
def settings() -> TrainSettings:
    return TrainSettings(size=32, batch_size=8, full_batch_size=8, tta_views=2, full_lr=0.001, threads=1, max_epochs=7)


@pytest.fixture(scope="module")
def watched() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, pictures: Path, settings: TrainSettings, watched: Recorder
) -> RunResult:
    """A run of all eight steps, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNFREEZE_CACHE", str(new_cache(tmp_path_factory)))
        return train(pictures, tmp_path_factory.mktemp("runs") / "run", settings, watched)
