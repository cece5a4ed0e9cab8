"""Figures as `result.json` holds them."""

import json
import math

import numpy as np

from unfreeze.evaluation.figures import table_figures
from unfreeze.evaluation.predictions import table_from_logits
from unfreeze.recipe.figures import CONFUSED, defined, result_figures


def test_each_split_has_its_own_figures_in_plain_values() -> None:
    random = np.random.default_rng(0)
    table = table_from_logits(
        random.normal(size=(40, 3)).astype(np.float32), classes=["a", "b", "never"],
        paths=[str(index) for index in range(40)], splits=["valid"] * 30 + ["test"] * 10,
        targets=random.integers(0, 2, 40),
    )  # fmt: skip
    found = result_figures(table.with_tta(table.probabilities))
    assert list(found) == ["valid", "test"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    valid = table.of_split("valid")
    assert found["valid"]["pictures"] == 30
    assert found["valid"]["overall"]["macro_f1"] == table_figures(valid)["macro_f1"].plain()
    assert [row["name"] for row in found["valid"]["classes"]] == ["a", "b", "never"]
    assert found["valid"]["classes"][2]["recall"]["value"] is None
    assert found["test"]["tta"]["gained"] == found["test"]["tta"]["lost"] == 0
    assert result_figures(table)["valid"]["tta"] is None


def test_the_most_confused_pairs_are_kept_and_no_more() -> None:
    said = np.array([[true, other] for true in range(12) for other in range(12)])
    logits = 5 * np.eye(12, dtype=np.float32)[said[:, 1]]
    names = [str(label) for label in range(12)]
    table = table_from_logits(logits, classes=names, paths=["p"] * 144, splits=["s"] * 144, targets=said[:, 0])
    assert len(result_figures(table)["s"]["confused"]) == CONFUSED


def test_what_is_not_defined_is_none_at_any_depth() -> None:
    assert defined({"a": [math.nan, 1.5, "nan"], "b": math.nan, "c": None}) == {
        "a": [None, 1.5, "nan"], "b": None, "c": None,
    }  # fmt: skip
