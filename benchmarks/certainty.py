"""How sure models are, and how right, before and after calibration; and how often sets of classes hold the true one.

    python -m benchmarks.certainty RUN/predictions.csv ... [--split valid]

Everything is counted on pictures that had no part in what is counted: the temperature is fitted on the other folds,
the bound of the sets on the other half. Validation pictures did choose the weights that were kept.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from unfreeze.deploy.bundle import read_bundle
from unfreeze.evaluation.calibration import calibrate, logits_of
from unfreeze.evaluation.conformal import measure_coverage
from unfreeze.evaluation.predictions import PredictionTable, read_predictions
from unfreeze.evaluation.reliability import answers, calibration_error, chance_error

COVERAGES = (0.9, 0.95, 0.99)


def main() -> None:
    """Prints two Markdown tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.certainty", description=__doc__)
    parser.add_argument("tables", type=Path, nargs="+")
    parser.add_argument("--split", default="valid")
    options = parser.parse_args()
    tables = {
        path.parent.name: uncalibrated(read_predictions(path).of_split(options.split), path.parent)
        for path in options.tables
    }
    print("| pictures | temperature (of the folds) | ECE before, after | of as wide bins | log loss | by chance |")
    print("|---" * 6 + "|")
    for name, table in tables.items():
        print(certainty(name, table))
    print("\n| pictures | asked for | found (95 % of the splits) | classes in a set | sets of one class |")
    print("|---" * 5 + "|")
    for name, table in tables.items():
        for coverage in COVERAGES:
            print(covered(name, table, coverage))


def uncalibrated(table: PredictionTable, run: Path) -> PredictionTable:
    """A run's table at temperature 1: since bundles carry a temperature, its probabilities are calibrated ones."""
    temperature = read_bundle(run / "model").temperature if (run / "model").is_dir() else 1.0
    logits = logits_of(table.probabilities, several=table.objective.several) * temperature
    return replace(table, probabilities=table.objective.probabilities(logits).astype(np.float32))


def certainty(name: str, table: PredictionTable) -> str:
    """A row of the first table."""
    found = calibrate(logits_of(table.probabilities), table.targets)
    errors = [
        [
            calibration_error(*answers(probabilities, table.targets), bins=bins)
            for probabilities in (table.probabilities, found.held_out)
        ]
        for bins in ("mass", "width")
    ]
    folds = found.fold_temperatures
    return " | ".join(
        [
            f"| {name}, {len(table.paths)}",
            f"{found.temperature:.3f} ({min(folds):.3f} to {max(folds):.3f})",
            *(f"{before:.4f}, {after:.4f}" for before, after in errors),
            f"{found.loss_before:.4f}, {found.loss_after:.4f}",
            f"{chance_error(answers(found.held_out, table.targets)[0]):.4f} |",
        ]
    )


def covered(name: str, table: PredictionTable, coverage: float) -> str:
    """A row of the second table."""
    held_out = calibrate(logits_of(table.probabilities), table.targets).held_out
    found = measure_coverage(held_out, table.targets, coverage=coverage, splits=500)
    low, high = found.interval
    return (
        f"| {name} | {100 * coverage:.0f} % | {100 * found.found:.1f} % ({100 * low:.1f} to {100 * high:.1f}) "
        f"| {found.classes:.2f} | {100 * found.single:.0f} % |"
    )


if __name__ == "__main__":
    main()
