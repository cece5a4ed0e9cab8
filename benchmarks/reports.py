"""How large a report is and how long it takes, on tables that are drawn: pictures, classes, mistakes.

    python -m benchmarks.reports [--pictures FOLDER] [--sizes 2000:10 100000:1000]

Each row is a collection of so many validation pictures of so many classes, a tenth of which is answered wrongly. Its
report has all but maps of evidence and the learning curve, which need a network. The pictures shown are those of the
folder, over and over, or noise, which no JPEG makes small. Seconds are processor time of this process.
"""

import argparse
import io
import itertools
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from unfreeze.evaluation.calibration import Calibration
from unfreeze.evaluation.certainty import COVERAGE, Certainty
from unfreeze.evaluation.conformal import fit_conformal
from unfreeze.evaluation.novelty import fit_novelty
from unfreeze.evaluation.predictions import PredictionTable, table_from_logits
from unfreeze.images.storage import FolderStorage
from unfreeze.images.table import ImageRow, ImageTable, Split
from unfreeze.report.page import ReportContent, report_page
from unfreeze.report.plots import write_plots
from unfreeze.training.history import EpochRecord, History, StepRecord
from unfreeze.transforms.transform import Transform

WRONG = 0.1
FEATURES = 64
EPOCHS, EPOCH_STEPS = 12, 100


class Repeated(FolderStorage):
    """A folder whose few pictures stand for those of any path."""

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        super().__init__(root)
        self._names = tuple(names)

    def read(self, path: str) -> bytes:
        """The bytes of the picture that stands for a path: its number says which."""
        return super().read(self._names[int(Path(path).stem) % len(self._names)])


@dataclass(frozen=True)
class Measured:
    """A report's size in bytes, and seconds for the page and then for the plots' files."""

    size_bytes: int
    page_seconds: float
    plots_seconds: float


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reports", description=__doc__)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--sizes", nargs="+", default=["1000:2", "2000:10", "100000:1000"])
    options = parser.parse_args()
    print("| validation pictures | classes | MB | seconds | and for plots/ |")
    print("|---" * 5 + "|")
    for size in options.sizes:
        pictures, classes = map(int, size.split(":"))
        with tempfile.TemporaryDirectory(prefix="unfreeze-bench-") as work:
            found = measured(drawn(pictures, classes, pictures_of(options.pictures, Path(work))), Path(work))
        seconds = f"{found.page_seconds:.1f} | {found.plots_seconds:.1f}"
        print(f"| {pictures:,} | {classes:,} | {found.size_bytes / 1e6:.2f} | {seconds} |", flush=True)


def measured(content: ReportContent, work: Path) -> Measured:
    """Renders a report and writes its plots."""
    start = time.process_time()
    page = report_page(content)
    rendered = time.process_time()
    write_plots(work / "plots", content)
    return Measured(len(page.encode()), rendered - start, time.process_time() - rendered)


def pictures_of(folder: Path | None, work: Path) -> Repeated:
    """The JPEG files of a folder, or noise."""
    if folder:
        names = [path.relative_to(folder).as_posix() for path in itertools.islice(folder.rglob("*.jpg"), 400)]
        return Repeated(folder, names)
    random = np.random.Generator(np.random.PCG64(0))
    for number in range(20):
        noise = random.integers(0, 256, (375, 500, 3), dtype=np.uint8)
        data = io.BytesIO()
        Image.fromarray(noise).save(data, format="JPEG", quality=90)
        (work / f"{number}.jpg").write_bytes(data.getvalue())
    return Repeated(work, [f"{number}.jpg" for number in range(20)])


def drawn(pictures: int, classes: int, storage: Repeated) -> ReportContent:
    """A report on so many validation pictures of so many classes, and as many training pictures."""
    random = np.random.Generator(np.random.PCG64(0))
    targets = random.integers(0, classes, pictures)
    said = np.where(random.random(pictures) < WRONG, random.integers(0, classes, pictures), targets)
    logits = random.normal(size=(pictures, classes)).astype(np.float32)
    logits[np.arange(pictures), said] += 6 + random.normal(size=pictures)
    names = [f"class {label}" for label in range(classes)]
    rows = [*_rows("valid", targets, random), *_rows("train", targets, random)]
    features = random.random((min(pictures, 2000), FEATURES)).astype(np.float32)
    novelty = fit_novelty(features[: len(features) // 2], features)
    table = table_from_logits(
        logits,
        classes=names,
        paths=[row.path for row in rows[:pictures]],
        splits=["valid"] * pictures,
        targets=targets.tolist(),
    )
    certainty = Certainty(
        calibration=Calibration(
            temperature=1.1,
            fold_temperatures=(),
            held_out=table.probabilities.astype(np.float64),
            helped=True,
            loss_before=1.0,
            loss_after=float(table.losses.mean()),
        ),
        novelty=novelty,
        sets=fit_conformal(table.probabilities, targets, coverage=COVERAGE),
    )
    table = replace(table.with_distances(np.resize(novelty.scores(features), pictures)), tta=table.probabilities)
    return ReportContent(
        title=f"{pictures} pictures",
        table=ImageTable(Path(), tuple(names), tuple(rows), storage),
        predictions=table,
        transform=Transform(size_px=224),
        figures=_figures(table),
        history=_history(random),
        certainty=certainty,
    )


def _rows(split: Split, targets: np.ndarray, random: np.random.Generator) -> list[ImageRow]:
    hashes = random.integers(0, 256, (len(targets), 16), dtype=np.uint8)
    return [
        ImageRow(f"{split}/class {label}/{number}.jpg", (label,), split, row.tobytes().hex(), 500, 375)
        for number, (label, row) in enumerate(zip(targets.tolist(), hashes, strict=True))
    ]


def _figures(table: PredictionTable) -> dict[str, object]:
    return {"measure": "accuracy", "kept_epoch": EPOCHS - 2, "classes": list(table.classes)}


def _history(random: np.random.Generator) -> History:
    history = History()
    for step in range(EPOCHS * EPOCH_STEPS):
        rate = 0.005 * (1 + np.cos(np.pi * (step % EPOCH_STEPS) / EPOCH_STEPS))
        rates = {"early": rate / 9, "late": rate / 3, "head": rate}
        history.add_step(StepRecord(step=step, epoch=step // EPOCH_STEPS, loss=float(random.random()), rates=rates))
    for epoch in range(EPOCHS):
        record = EpochRecord(
            epoch=epoch,
            stage="step 8",
            cycle=epoch,
            ends_cycle=True,
            view=1,
            frozen=(),
            train_loss=1 / (1 + epoch),
            train_accuracy=0.9,
            eval_loss=None,
            valid_loss=0.1 + 1 / (2 + epoch),
            valid_accuracy=0.9,
        )
        history.add_epoch(record)
    return history


if __name__ == "__main__":
    main()
