"""The tables of a part: what a row says, and what is said of a file that is not whole."""

from types import SimpleNamespace
from typing import cast

import pytest

from unfreeze.bulk.answers import row_of
from unfreeze.deploy.predictor import Prediction, Predictor
from unfreeze.training.objective import EXCLUSIVE

SET = 4
"""Place of the column `set`."""


@pytest.mark.parametrize(("promises", "expected"), [(True, []), (False, None)])
def test_an_empty_set_is_none_of_these_and_null_no_promise(promises: bool, expected: list[str] | None) -> None:
    predictor = SimpleNamespace(
        objective=EXCLUSIVE, settings=SimpleNamespace(sets="a bound" if promises else None), names=lambda _: ("cat",)
    )
    refused = Prediction("a.png", probabilities=(1.0, 0.0), distance=9.0, refused=True)
    assert row_of(cast(Predictor, predictor), refused)[SET] == expected
