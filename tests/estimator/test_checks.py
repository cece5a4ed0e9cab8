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
    "lr": 0.1,
    "threads": 1,
}

OF_NUMBERS = "the subclass checks the numbers, with scikit-learn's validate_data; the estimator itself sees paths alone"
SAY_NOTHING = {
    "check_complex_data": OF_NUMBERS,
    "check_dtype_object": OF_NUMBERS,
    "check_estimator_sparse_array": OF_NUMBERS,
    "check_estimator_sparse_matrix": OF_NUMBERS,
    "check_estimator_sparse_tag": OF_NUMBERS,
    "check_estimators_dtypes": OF_NUMBERS,
    "check_estimators_empty_data_messages": OF_NUMBERS,
    "check_estimators_nan_inf": OF_NUMBERS,
    "check_f_contiguous_array_estimator": OF_NUMBERS,
    "check_fit1d": OF_NUMBERS,
    "check_fit2d_predict1d": OF_NUMBERS,
    "check_n_features_in": OF_NUMBERS,
    "check_n_features_in_after_fitting": OF_NUMBERS,
    "check_positive_only_tag_during_fit": OF_NUMBERS,
    "check_readonly_memmap_input": OF_NUMBERS,
    "check_array_api_input": "scikit-learn skips it unless SCIPY_ARRAY_API is set; paths are no numbers of any library",
}
"""Checks that run and say nothing of an estimator of paths, with the reason. No check is expected to fail."""


@pytest.fixture(scope="module")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One cache for all checks: many draw the same rows."""
    return new_cache(tmp_path_factory)


def checks() -> list[Any]:
    estimator = OfNumbers(**QUICK)
    return [pytest.param(made, check, id=name_of(check)) for made, check in estimator_checks_generator(estimator)]


def name_of(check: Any) -> str:
    return str(getattr(getattr(check, "func", check), "__name__", check))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # the checks warn on purpose
@pytest.mark.parametrize(("estimator", "check"), checks())
def test_a_check_of_scikit_learns(
    estimator: OfNumbers, check: Callable[[Any], None], shared_cache: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNFREEZE_CACHE", str(shared_cache))
    check(estimator)


def test_the_checks_that_say_nothing_are_among_those_that_run() -> None:
    assert set(SAY_NOTHING) <= {param.id for param in checks()}


def test_of_paths_themselves_only_checks_without_data_run() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SkipTestWarning)
        found = check_estimator(ImageClassifier(), on_fail=None)
    assert {check["status"] for check in found} == {"passed"}
    assert len(found) < 10
