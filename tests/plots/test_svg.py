"""A plot as an element of a page."""

import re
from functools import partial
from xml.etree import ElementTree

import numpy as np

from unfreeze.plots.colours import COLOURS, INK
from unfreeze.plots.confusion import plot_confusion
from unfreeze.plots.drawing import Drawing
from unfreeze.plots.losses import plot_losses
from unfreeze.training.history import History

HOSTILE = '</text><script>alert(1)</script> d="1.23456" #1b1f24 <!-- "'


def test_the_same_data_gives_the_same_bytes(history: History) -> None:
    draw = partial(plot_losses, history.epochs)
    element = Drawing(draw=draw).element("losses")
    assert element == Drawing(draw=draw).element("losses")
    assert element.startswith('<svg viewBox="0 0 ')
    assert element.rstrip().endswith("</svg>")


def test_it_takes_the_pages_colours_and_font_and_says_what_it_shows(history: History) -> None:
    element = Drawing(draw=partial(plot_losses, history.epochs)).element('losses of "4" epochs')
    assert 'role="img" aria-label="losses of &quot;4&quot; epochs"' in element
    assert "currentColor" in element
    assert "var(--plot-valid)" in element
    assert not re.search("|".join([INK, *COLOURS.values(), "DejaVu"]), element)
    assert "<!--" not in element
    assert "<metadata" not in element
    ElementTree.fromstring(element)


def test_no_name_comes_twice_in_a_page(history: History) -> None:
    drawings = [Drawing(draw=partial(plot_losses, history.epochs), name=name).element("") for name in ("one", "two")]
    ids = re.findall(r' id="([^"]*)"', "".join(drawings))
    assert len(ids) == len(set(ids)) > 0


def test_a_hostile_name_stays_text_to_the_letter() -> None:
    draw = partial(plot_confusion, np.eye(2, dtype=np.int64), [HOSTILE[:20], HOSTILE[20:40]])
    element = Drawing(draw=draw).element(HOSTILE)
    root = ElementTree.fromstring(element)
    texts = [text.text for text in root.iter("text")]
    assert HOSTILE[:20] in texts
    assert root.get("aria-label") == HOSTILE
    assert not list(root.iter("script"))


def test_numbers_in_names_are_not_shortened() -> None:
    element = Drawing(draw=partial(plot_confusion, np.eye(2, dtype=np.int64), ['x="1.23456"', "#1b1f24"])).element("")
    assert 'x="1.23456"</text>' in element
    assert "#1b1f24</text>" in element
