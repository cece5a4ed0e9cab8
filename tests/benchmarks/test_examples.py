"""The examples in docstrings."""

import doctest
from types import ModuleType

import pytest

from benchmarks import page, records
from benchmarks.competitors import eight_steps


@pytest.mark.parametrize("module", [records, page, eight_steps])
def test_examples_hold(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
