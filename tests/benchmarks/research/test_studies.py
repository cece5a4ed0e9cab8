"""Both studies from pictures to pages, on a collection that is learnt at once."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.research import cycle_length, defaults, page
from benchmarks.research.cycle_plans import CyclePlan
from benchmarks.research.datasets import Dataset
from benchmarks.research.full_recipe import FullRecipe
from benchmarks.research.head_recipe import DEFAULT, HEAD_VARIANTS
from benchmarks.research.held import held
from benchmarks.research.rows import read_rows
from made import MakeCollection
from unfreeze.learner.data import ImageData
from unfreeze.learner.learner import Learner

COUNTS = {"train/red": 8, "train/blue": 8, "valid/red": 4, "valid/blue": 4}
CHOSEN = (DEFAULT, "step 3 left out", "step 4 left out", "head: L-BFGS alone", "head: hidden layer of 256", "dropout 0")


@pytest.fixture
def colours(make_collection: MakeCollection) -> Dataset:
    root = make_collection(COUNTS)
    read: Callable[[int | None], ImageData] = lambda _: ImageData.from_folder(root, size_px=32)  # noqa: E731
    return Dataset(name="colours", about="two colours", read=read, train=8, batch_size=4)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_pictures_to_pages(colours: Dataset, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plans = (CyclePlan(cycles=2), CyclePlan(cycles=4, length=0.5))
    cycles = replace(cycle_length.HEAD, sets=(colours,), plans=plans)
    ablation = replace(defaults.HEAD, sets=(colours,), variants={name: HEAD_VARIANTS[name] for name in CHOSEN})
    monkeypatch.setattr(cycle_length, "PARTS", {"head": cycles})
    monkeypatch.setattr(defaults, "PARTS", {"head": ablation})
    monkeypatch.setattr(page, "DRAWN", {"head": (2,)})
    cycle_length.run(cycles, seeds=3)
    defaults.run(ablation, seeds=3)
    assert len(read_rows(cycles.file)) == 3 * 3
    assert len(read_rows(ablation.file)) == 3 * len(CHOSEN)
    assert all(row.loss is not None and row.best_loss is not None for row in read_rows(ablation.file))
    for name, parts in (("cycle-length", page.cycle_parts()), ("defaults", page.default_parts())):
        places = "\n".join(f"<!-- {part} -->\n<!-- end of {part} -->" for part in parts)
        (here / f"docs/research/{name}.md").write_text(places)
    page.main()
    text = (here / "docs/research/cycle-length.md").read_text()
    assert "| 4 cycles of 0.5 | " in text
    assert "| constant, 2 | " in text
    assert sorted(path.name for path in (here / "docs/research/pictures").iterdir()) == [
        "cycle-length-head.png",
        "defaults-head.png",
        "fifteen-epochs.png",
    ]


def test_memory_gives_what_the_store_gives(colours: Dataset) -> None:
    losses = []
    for made in (lambda learner: learner, held, held):
        learner = made(Learner(colours.read(None)))
        learner.fit(0.01, 1)
        learner.precompute = False
        learner.fit(0.01, 2, cycle_len=1)
        losses.append([(record.view, record.valid_loss, record.train_loss) for record in learner.history.epochs])
        learner.close()
    assert losses[0] == losses[1] == losses[2]


def test_the_whole_network_trains_as_it_is_told(colours: Dataset, here: Path) -> None:
    told = FullRecipe(ratio=10, rate=0.001, unfreeze="late", batch_norm="train", plan=FullRecipe().plan.reference)
    part = replace(defaults.FULL, sets=(colours,), variants={"told": told}, size_px=32, prepare=lambda _: None)
    seen: list[Learner] = []
    spied = replace(part, prepare=seen.append)
    defaults.run(spied, seeds=1)
    (learner,) = seen
    assert learner.model.frozen_groups == ("early",)
    assert learner.model.batch_norm == "train"
    first = learner.history.steps[0].rates
    assert first["late"] == pytest.approx(first["head"] / 10) == pytest.approx(0.0001)
    assert len(read_rows(part.file)) == 1
