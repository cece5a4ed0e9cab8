"""A plot in the page."""

from unfreeze.plots.drawing import Drawing
from unfreeze.report.plot import Plot


def test_signs_in_a_description_that_are_not_seen_are_named() -> None:
    drawing = Drawing(draw=lambda axes: axes, name="nothing")
    element = Plot(drawing=drawing, description="most: <a\u202eb\x00>").element
    assert 'aria-label="most: &lt;a[U+202E]b[U+0000]&gt;"' in element
