"""A plot as a file."""

import io
import subprocess
import sys
from functools import partial

import pytest
from PIL import Image

from unfreeze.plots.losses import plot_losses
from unfreeze.plots.picture import FORMATS, picture_bytes
from unfreeze.training.history import History


@pytest.mark.parametrize(("file_format", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_same_data_gives_the_same_file(history: History, file_format: str, start: bytes) -> None:
    draw = partial(plot_losses, history.epochs)
    picture = picture_bytes(draw, file_format=file_format)
    assert file_format in FORMATS
    assert picture.startswith(start)
    assert picture_bytes(draw, file_format=file_format) == picture
    assert b"Matplotlib v" not in picture
    assert picture_bytes(draw, file_format=file_format, width=9) != picture


def test_pixels_are_150_an_inch(history: History) -> None:
    picture = picture_bytes(partial(plot_losses, history.epochs), file_format="png", width=6, height=3)
    assert Image.open(io.BytesIO(picture)).size == (900, 450)


def test_plots_and_the_learner_load_matplotlib_only_when_a_figure_is_made() -> None:
    code = (
        "import sys, unfreeze.plots.sweep, unfreeze.plots.schedule, unfreeze.plots.losses, unfreeze.plots.confusion;"
        "import unfreeze.plots.reliability, unfreeze.plots.distances, unfreeze.plots.class_gains;"
        "import unfreeze.plots.picture, unfreeze.learner.learner, unfreeze.report.page;"
        "assert 'matplotlib' not in sys.modules;"
        "unfreeze.plots.picture.picture_bytes(lambda axes: axes);"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
