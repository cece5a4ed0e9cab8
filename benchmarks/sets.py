"""Kinds of conformal sets side by side: how often they hold the true class, how large they are, how many are empty.

    python -m benchmarks.sets RUN/predictions.csv ... [--split valid]

Validation pictures are split in halves again and again, as in `unfreeze.evaluation.conformal.measure_coverage`.
"Hardest" is the coverage of the fifth of the pictures that the model is least sure of.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.certainty import uncalibrated
from unfreeze.evaluation.bounds import held_out_bound
from unfreeze.evaluation.calibration import calibrate, logits_of
from unfreeze.evaluation.predictions import PredictionTable, read_predictions

Doubles = npt.NDArray[np.float64]
Scores = Callable[[Doubles, np.random.Generator], Doubles]
"""Probabilities (N, C) to scores (N, C); classes whose score is not above a bound belong to the set."""

COVERAGES = (0.9, 0.95)
SPLITS = 300
RAPS_PENALTY, RAPS_FREE = 0.05, 1


def least_ambiguous(probabilities: Doubles, _: np.random.Generator) -> Doubles:
    """One bound for all probabilities (Sadinle 2019)."""
    return 1 - probabilities


def adaptive(*, by_lot: bool, penalty: float = 0.0) -> Scores:
    """Probabilities summed down to the class (Romano 2020); with a penalty on later classes (Angelopoulos 2021).

    Args:
        by_lot: Whether a random part of the class's own probability is left out.
        penalty: What each class after the first adds.

    Returns:
        The scores.
    """

    def scores(probabilities: Doubles, random: np.random.Generator) -> Doubles:
        order = np.argsort(-probabilities, axis=1, kind="stable")
        ranks = np.argsort(order, axis=1, kind="stable")
        sums = np.take_along_axis(np.cumsum(np.take_along_axis(probabilities, order, 1), axis=1), ranks, 1)
        lot = random.random((len(probabilities), 1)) if by_lot else 0.0
        return np.asarray(sums - lot * probabilities + penalty * np.maximum(0, ranks + 1 - RAPS_FREE))

    return scores


KINDS: dict[str, tuple[Scores, bool]] = {
    "one bound, may be empty": (least_ambiguous, False),
    "one bound, never empty": (least_ambiguous, True),
    "adaptive": (adaptive(by_lot=False), True),
    "adaptive, by lot": (adaptive(by_lot=True), False),
    "adaptive, penalty": (adaptive(by_lot=False, penalty=RAPS_PENALTY), True),
    "adaptive, penalty, by lot": (adaptive(by_lot=True, penalty=RAPS_PENALTY), False),
}
"""Scores, and whether the most probable class always belongs to the set."""


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sets", description=__doc__)
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--split", default="valid")
    options = parser.parse_args()
    print("| pictures | asked for | sets | found | hardest | classes | empty |\n" + "|---" * 7 + "|")
    for path in options.tables:
        table = uncalibrated(read_predictions(path).of_split(options.split), path.parent)
        for coverage in COVERAGES:
            for kind in KINDS:
                found, hardest, classes, empty = measured(table, kind, coverage)
                cells = f"{100 * found:.1f} % | {100 * hardest:.1f} % | {classes:.2f} | {100 * empty:.1f} %"
                print(f"| {path.parent.name} | {100 * coverage:.0f} % | {kind} | {cells} |")


def measured(table: PredictionTable, kind: str, coverage: float) -> tuple[float, float, float, float]:
    """Coverage, that of the hardest fifth, classes in a set, and the part of empty sets."""
    probabilities = calibrate(logits_of(table.probabilities), table.targets).held_out
    labels, sure = table.targets, probabilities.max(axis=1)
    hard = sure <= np.quantile(sure, 0.2)
    scores, never_empty = KINDS[kind]
    rows = []
    for seed in range(SPLITS):
        random = np.random.Generator(np.random.PCG64(seed))
        setting, counting = np.array_split(random.permutation(len(labels)), 2)
        found = scores(probabilities, random)
        sets = found <= held_out_bound(found[setting, labels[setting]], share=1 - coverage).value
        if never_empty:
            sets[np.arange(len(sets)), probabilities.argmax(axis=1)] = True
        held = sets[np.arange(len(sets)), labels]
        sizes = sets[counting].sum(axis=1)
        rows.append((held[counting].mean(), held[counting][hard[counting]].mean(), sizes.mean(), (sizes == 0).mean()))
    found, hardest, classes, empty = np.mean(rows, axis=0)
    return float(found), float(hardest), float(classes), float(empty)


if __name__ == "__main__":
    main()
