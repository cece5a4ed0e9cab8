"""The table of all figures."""

import re
from dataclasses import replace

from unfreeze.recipe.figures import result_figures
from unfreeze.report.all_figures import all_figures_view
from unfreeze.report.content import ReportContent
from unfreeze.report.page import report_page


def test_each_figure_has_its_interval_and_its_method(content: ReportContent) -> None:
    found = replace(content, figures={**content.figures, "figures": result_figures(content.predictions)})
    view = all_figures_view(found)
    assert view
    rows = {row.name: row for row in view["valid"]}
    right = int(content.predictions.correct.sum())
    assert rows["accuracy"].value == f"{100 * right / len(content.predictions.paths):.1f} %"
    assert rows["accuracy"].method == "Wilson score"
    assert re.fullmatch(r"\d+\.\d to \d+\.\d %", rows["accuracy"].interval)
    assert re.fullmatch(r"\d\.\d{4} to \d\.\d{4}", rows["Brier score"].interval)
    assert "How the interval was found" in report_page(found)


def test_without_figures_the_section_is_left_out(content: ReportContent) -> None:
    assert all_figures_view(content) is None
    assert "How the interval was found" not in report_page(content)
