"""'None of these' on the page's pictures."""

from dataclasses import replace

from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.report.page import ReportContent
from unfreeze.report.refusal import refusal_view


def test_who_lies_beyond_the_bound_is_counted_and_the_strangest_come_first(known: ReportContent) -> None:
    view = refusal_view(known)
    assert view
    assert (view.refused, view.pictures, view.bound) == (2, 8, 0.5)
    assert view.refused_interval == wilson_interval(2, 8)
    assert view.refused_wrong == int((~known.correct[6:]).sum())
    assert [shown.path for shown, _ in view.strangest[:2]] == [known.judged.paths[7], known.judged.paths[6]]
    assert [round(distance, 3) for _, distance in view.strangest[:3]] == [0.9, 0.6, 0.3]


def test_a_model_that_cannot_refuse_or_was_not_asked_says_nothing(known: ReportContent) -> None:
    assert known.certainty
    assert refusal_view(replace(known, certainty=replace(known.certainty, novelty=None))) is None
    assert refusal_view(replace(known, predictions=replace(known.predictions, distances=None))) is None
