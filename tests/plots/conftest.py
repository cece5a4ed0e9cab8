"""What the plots are given."""

import pytest

from recorded import falling_sweep, four_epochs
from unfreeze.training.history import History
from unfreeze.training.lr_find import LrSweep


@pytest.fixture
def sweep() -> LrSweep:
    return falling_sweep()


@pytest.fixture
def history() -> History:
    return four_epochs()
