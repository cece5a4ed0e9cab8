"""How often intervals of 95 % hold the true figure, on tables that are drawn from populations whose figures are known.

    python -m benchmarks.intervals [--tables 1000] [--sizes 50 150 500] [--resampled 100] [--resamples 200]

Logits are normal, the true class's higher by a signal, and some labels are wrong; classes are of unequal size, the
largest three times the smallest. Beside the program's own intervals stand those from the jackknife's variance alone
(value +- 1.96 standard errors) and the percentile bootstrap, stratified by class, of the first tables.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from unfreeze.evaluation.class_pulls import NAMES, class_pulls
from unfreeze.evaluation.figures import table_figures
from unfreeze.evaluation.metrics import Z_95
from unfreeze.evaluation.predictions import PredictionTable

POPULATION = 100_000
FIGURES = {
    "balanced_accuracy": "recall",
    "macro_precision": "precision",
    "macro_f1": "f1",
    "macro_roc_area": "roc_area",
    "macro_average_precision": "average_precision",
}
GRADED = ("brier_score", "log_loss")


@dataclass(frozen=True, kw_only=True)
class Population:
    """Where tables are drawn from: classes, how much higher the true logit is, how sure the model is, wrong labels."""

    classes: int
    signal: float
    sharpness: float
    wrong_labels: float = 0.0

    def table(self, random: np.random.Generator, count: int) -> PredictionTable:
        """A table of so many pictures."""
        shares = np.linspace(1, 3, self.classes)
        targets = random.choice(self.classes, count, p=shares / shares.sum())
        logits = random.normal(size=(count, self.classes))
        logits[np.arange(count), targets] += self.signal
        powers = np.exp(self.sharpness * (logits - logits.max(axis=1, keepdims=True)))
        probabilities = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        wrong = random.random(count) < self.wrong_labels
        targets[wrong] = random.integers(0, self.classes, int(wrong.sum()))
        chosen = probabilities[np.arange(count), targets].astype(np.float64)
        return PredictionTable(
            classes=tuple(str(label) for label in range(self.classes)),
            paths=("",) * count,
            splits=("valid",) * count,
            targets=targets.astype(np.int64),
            probabilities=probabilities,
            losses=-np.log(np.maximum(chosen, np.finfo(np.float32).tiny)),
        )


POPULATIONS = {
    "2 classes, hard": Population(classes=2, signal=1, sharpness=1),
    "2 classes, easy": Population(classes=2, signal=3, sharpness=2),
    "2 classes, 1 % wrong labels": Population(classes=2, signal=4.5, sharpness=2.5, wrong_labels=0.01),
    "10 classes": Population(classes=10, signal=3.5, sharpness=2),
    "10 classes, 1 % wrong labels": Population(classes=10, signal=4.5, sharpness=2, wrong_labels=0.01),
    "40 classes": Population(classes=40, signal=4, sharpness=2),
}


def main() -> None:
    """Prints a Markdown table: how many of 100 intervals hold the true figure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intervals", description=__doc__)
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 150, 500], help="pictures of a table")
    parser.add_argument("--resampled", type=int, default=100, help="of how many tables the bootstrap is taken as well")
    parser.add_argument("--resamples", type=int, default=200)
    options = parser.parse_args()
    names = (*FIGURES, *GRADED)
    print("| pictures of | | intervals | " + " | ".join(name.replace("_", " ") for name in names) + " |")
    print("|---" * (3 + len(names)) + "|")
    for title, population in POPULATIONS.items():
        for count in options.sizes:
            if count >= 2 * population.classes:
                for row in rows(population, count, options.tables, options.resampled, options.resamples):
                    print(f"| {title} | {count} | {row}", flush=True)


def rows(population: Population, count: int, tables: int, resampled: int, resamples: int) -> Iterator[str]:
    """How often each kind of interval holds the true figure, in tables of so many pictures."""
    random = np.random.Generator(np.random.PCG64(count + population.classes))
    truth = {name: found.value for name, found in table_figures(population.table(random, POPULATION)).items()}
    held: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for number in range(tables):
        table = population.table(random, count)
        kinds = {"ours": ours(table), "jackknife": jackknife(table)}
        if number < resampled:
            kinds["bootstrap"] = bootstrap(table, random, resamples)
        for kind, found in kinds.items():
            for name, (low, high) in found.items():
                held[kind][name].append(bool(low <= truth[name] <= high))
    for kind, by_name in held.items():
        yield f"{kind} | " + " | ".join(f"{100 * np.mean(by_name[name]):.0f}" for name in (*FIGURES, *GRADED)) + " |"


def ours(table: PredictionTable) -> dict[str, tuple[float, float]]:
    """The program's own intervals."""
    found = table_figures(table)
    return {name: (found[name].low, found[name].high) for name in (*FIGURES, *GRADED)}


def jackknife(table: PredictionTable) -> dict[str, tuple[float, float]]:
    """Values and 1.96 standard errors of the infinitesimal jackknife; of means, of Student."""
    values, count = values_of(table), len(table.paths)
    pulls = {name: np.zeros(count) for name in NAMES}
    present = np.unique(table.targets)
    for label in present:
        found = class_pulls(table.targets == label, table.predicted == label, table.probabilities[:, label])
        for name, pulled in found.items():
            rows_ = slice(None) if pulled.rows is None else pulled.rows
            pulls[name][rows_] += pulled.pulls / len(present)
    squares = np.square(table.probabilities - np.eye(len(table.classes))[table.targets]).sum(axis=1)
    errors = {name: float(np.sqrt(np.square(pulls[short]).sum())) for name, short in FIGURES.items()}
    for name, each in (("brier_score", squares), ("log_loss", table.losses)):
        errors[name] = float(each.std(ddof=1) / np.sqrt(count))
    return {name: (values[name] - Z_95 * error, values[name] + Z_95 * error) for name, error in errors.items()}


def bootstrap(table: PredictionTable, random: np.random.Generator, resamples: int) -> dict[str, tuple[float, float]]:
    """The percentile bootstrap, as many pictures of each class being drawn as there are."""
    members = [np.flatnonzero(table.targets == label) for label in np.unique(table.targets)]
    drawn = []
    for _ in range(resamples):
        chosen = np.concatenate([rows_[random.integers(0, len(rows_), len(rows_))] for rows_ in members])
        drawn.append(values_of(table.rows(chosen.tolist())))
    ends = {name: np.nanquantile([found[name] for found in drawn], (0.025, 0.975)) for name in (*FIGURES, *GRADED)}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def values_of(table: PredictionTable) -> dict[str, float]:
    """Figures without their intervals."""
    return {name: found.value for name, found in table_figures(table).items()}


if __name__ == "__main__":
    main()
