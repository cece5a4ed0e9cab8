"""The table that evaluating is measured with, and the measuring."""

from pathlib import Path

from benchmarks.evaluate import measured, write_table
from unfreeze.evaluation.metrics import accuracy
from unfreeze.evaluation.predictions import read_predictions


def test_a_small_table_is_evaluated(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    write_table(path, 60, 3)
    table = read_predictions(path)
    assert table.probabilities.shape == (60, 3)
    assert accuracy(table) > 0.9
    cells = measured(path, 3).strip("| ").split(" | ")
    assert cells[0] == "3"
    assert float(cells[2]) > 0
    assert float(cells[4]) > 10
