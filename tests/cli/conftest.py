"""A collection for the command line."""

from pathlib import Path

import pytest

from made import MakeCollection


@pytest.fixture
def small(make_collection: MakeCollection) -> Path:
    """A collection of two colours."""
    return make_collection({"train/red": 6, "train/blue": 6, "valid/red": 2, "valid/blue": 2})
