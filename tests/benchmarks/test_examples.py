"""The examples in docstrings."""

import doctest
from types import ModuleType

import pytest

from benchmarks import page, records
from benchmarks.competitors import eight_steps
from benchmarks.research import comparisons, cycle_plans, differences, marked, rows, tables


@pytest.mark.parametrize(
    "module", [records, page, eight_steps, comparisons, cycle_plans, differences, marked, rows, tables]
)
def test_examples_hold(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
