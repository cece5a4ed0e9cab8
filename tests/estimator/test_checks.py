"""scikit-learn's own checks of an estimator, on rows of numbers that are drawn as pictures.

Its checks make rows of numbers. An estimator of paths is skipped by them as a whole, so they run on `OfNumbers`, which
draws each row as a picture and hands its path on.
"""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from sklearn.exceptions import SkipTestWarning
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

from drawn_rows import SIDE, OfNumbers
from made import new_cache
from unfreeze.estimator.classifier import ImageClassifier

QUICK: dict[str, Any] = {
    "size": SIDE,
    "square": "squash",
    "valid_share": 0.0,
    "augmented_cycles": 0,
    "head_epochs": 20,
    "lr": 0.5,
    "threads": 1,
}

DO_NOT_APPLY: dict[str, str] = {}
"""What is expected to fail, by the check's name, each with the reason."""


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One cache for all checks: many draw the same rows."""
    return new_cache(tmp_path_factory)


def checks() -> list[Any]:
    estimator = OfNumbers(**QUICK)
    found = estimator_checks_generator(estimator, expected_failed_checks=DO_NOT_APPLY)
    return [pytest.param(made, check, id=name_of(check)) for made, check in found]


def name_of(check: Any) -> str:
    return str(getattr(getattr(check, "func", check), "__name__", check))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # the checks warn on purpose
@pytest.mark.parametrize(("estimator", "check"), checks())
def test_a_check_of_scikit_learns(
    estimator: OfNumbers, check: Callable[[Any], None], shared_cache: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNFREEZE_CACHE", str(shared_cache))
    reason = DO_NOT_APPLY.get(name_of(check))
    if reason is None:
        check(estimator)
        return
    with pytest.raises((AssertionError, ValueError, TypeError)):
        check(estimator)


def test_of_paths_themselves_no_check_runs() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        assert check_estimator(ImageClassifier(), on_fail=None) == []
