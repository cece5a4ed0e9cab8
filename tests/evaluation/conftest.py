"""What the tests of evaluation share: tables made from probabilities."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from unfreeze.evaluation.predictions import PredictionTable

MakeTable = Callable[..., PredictionTable]


@pytest.fixture
def make_table() -> MakeTable:
    """Makes a table of given probabilities (N, C) and targets; picture i lies at `i.png`, all in split `valid`."""

    def make(probabilities: Sequence[Sequence[float]], targets: Sequence[int]) -> PredictionTable:
        values = np.array(probabilities, np.float32)
        labels = np.array(targets, np.int64)
        return PredictionTable(
            classes=tuple("abcdefgh"[: values.shape[1]]),
            paths=tuple(f"{index}.png" for index in range(len(values))),
            splits=("valid",) * len(values),
            targets=labels,
            probabilities=values,
            losses=-np.log(values[np.arange(len(labels)), labels].astype(np.float64)),
        )

    return make
