"""The plots of a report: those that there is something to draw of, in the page and as files."""

from dataclasses import replace
from pathlib import Path

import pytest

from unfreeze.errors import RunError
from unfreeze.report.page import ReportContent, report_page
from unfreeze.report.plots import followed, report_plots, write_plots
from unfreeze.training.history import History

EVERY = {
    *("lr_find_2", "schedule", "losses", "confusion", "confusion_of_true", "confusion_of_said"),
    *("reliability", "distances", "learning_curve", "class_gains"),
}


def test_each_plot_is_written_as_svg_and_png(known: ReportContent, tmp_path: Path) -> None:
    write_plots(tmp_path / "plots", known)
    files = {path.name: path.read_bytes() for path in (tmp_path / "plots").iterdir()}
    assert set(files) == {f"{name}.{ending}" for name in EVERY for ending in ("svg", "png")}
    assert all(data.startswith(b"\x89PNG") for name, data in files.items() if name.endswith("png"))
    svg = [data.decode() for name, data in files.items() if name.endswith("svg")]
    assert all(text.startswith("<?xml") and "var(--" not in text for text in svg)  # a file has no page's colours
    write_plots(tmp_path / "again", replace(known))
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == files


def test_what_the_page_has_drawn_is_not_drawn_again(known: ReportContent, tmp_path: Path) -> None:
    drawn = report_plots(known)
    page = report_page(known)
    assert all(
        plot.drawing.__dict__.get("_svg") for name, plot in drawn.items() if "_of_" not in name and name != "confusion"
    )
    assert report_plots(known) is drawn
    assert all(plot.element in page for name, plot in drawn.items() if not name.startswith("confusion"))


def test_descriptions_say_what_a_plot_shows(known: ReportContent) -> None:
    found = {name: plot.description for name, plot in report_plots(known).items()}
    assert "the weights of epoch 2 were kept" in found["losses"]
    assert "3 warm restarts" in found["schedule"]
    assert "3 are off the diagonal" in found["confusion"]
    assert "2 lie beyond the bound 0.500" in found["distances"]
    assert all(text.endswith((".", "). ")) for text in found.values())


def test_nothing_is_drawn_of_nothing(content: ReportContent) -> None:
    empty = replace(content, history=History(), sweeps={}, predictions=content.predictions.rows([]))
    assert report_plots(empty) == {}


@pytest.mark.parametrize(
    ("words", "rule"), [("0.01, the steep suggestion", "steep"), ("0.01, as given", ""), ("0.01, the default rate", "")]
)
def test_the_suggestion_that_was_followed_is_marked(content: ReportContent, words: str, rule: str) -> None:
    assert followed(replace(content, rates={2: words}), 2) == rule


def test_a_folder_that_cannot_be_made_is_named(known: ReportContent, tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("a file")
    with pytest.raises(RunError, match="cannot be made"):
        write_plots(tmp_path / "plots", known)
