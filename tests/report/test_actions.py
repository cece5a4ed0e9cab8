"""What to do next: each advice where its reason is there, and not otherwise."""

from dataclasses import replace

import numpy as np
import pytest

from report.test_augmented import changed
from report.test_data import leaking
from unfreeze.evaluation.learning_curve import LearningCurve
from unfreeze.evaluation.metrics import wilson_interval
from unfreeze.images.table import Quarantined
from unfreeze.report.actions import MOST, WIDE, next_actions, pictures_needed
from unfreeze.report.page import ReportContent


def answered(content: ReportContent, *, right: int, wrong: int, sure: float = 0.7) -> ReportContent:
    """So many pictures of the first class, and half as many right ones of the second."""
    targets = np.array([0] * (right + wrong) + [1] * right)
    said = np.array([0] * right + [1] * wrong + [1] * right)
    probabilities = np.where(np.arange(2) == said[:, np.newaxis], sure, 1 - sure).astype(np.float32)
    table = content.predictions.rows([0] * len(targets))
    return replace(content, predictions=replace(table, probabilities=probabilities, targets=targets))


def titles(content: ReportContent, most: int = 99) -> list[str]:
    return [action.title for action in next_actions(content, most=most)]


def curve(*wrong: int) -> LearningCurve:
    found = np.stack([[np.arange(400) < count for count in wrong]] * 3).astype(np.int8)
    return LearningCurve(sizes=tuple(10 * 2**index for index in range(len(wrong))), wrong=found)


def test_what_spoils_the_figures_comes_first(content: ReportContent) -> None:
    broken = tuple(Quarantined(f"{index}.png", "broken") for index in range(3))
    found = leaking(content)
    found = replace(found, table=replace(found.table, quarantined=broken))
    assert titles(found)[:2] == ["Take 1 pair of the same picture out of training", "Mend or replace 3 files"]
    assert len(next_actions(found)) <= MOST


def test_the_command_names_the_collection_as_one_types_it(content: ReportContent) -> None:
    action = next_actions(replace(leaking(content), facts={"receipt": {"pictures": "/my pictures"}}))[0]
    assert action.command == "unfreeze check '/my pictures'"


def test_mistakes_that_it_is_sure_of_may_be_wrong_labels(content: ReportContent) -> None:
    assert "Look at the 3 mistakes that it is surest of" in titles(answered(content, right=90, wrong=3, sure=0.99))
    assert not any("surest" in title for title in titles(answered(content, right=90, wrong=3, sure=0.9)))


def test_a_wide_interval_asks_for_more_pictures_and_a_narrow_one_does_not(content: ReportContent) -> None:
    assert "Judge it on more validation pictures" in titles(answered(content, right=20, wrong=2))
    assert not any("more validation" in title for title in titles(answered(content, right=2000, wrong=20)))
    assert "Judge it on more new pictures" in titles(replace(answered(content, right=20, wrong=2), subject="new"))


def test_the_curve_says_whether_to_collect(content: ReportContent) -> None:
    rising, flat = (
        replace(answered(content, right=3000, wrong=3), curve=found)
        for found in (curve(320, 200, 120, 70), curve(4, 4, 4, 4))
    )
    assert "Collect more training pictures" in titles(rising)
    assert "Do not collect more training pictures of the same kind" in titles(flat)


def test_a_class_that_is_weak_beyond_chance_is_named_with_what_it_is_taken_for(content: ReportContent) -> None:
    found = [
        action for action in next_actions(answered(content, right=60, wrong=60), most=99) if "weakest" in action.title
    ]
    assert len(found) == 1
    assert content.judged.classes[0] in found[0].title
    assert f"taken for {content.judged.classes[1]}" in found[0].why
    assert not any("weakest" in title for title in titles(answered(content, right=60, wrong=1)))


def test_augmentation_is_advised_where_it_helps(content: ReportContent) -> None:
    assert "Predict with test-time augmentation" in titles(changed(content, gained=9, lost=0, same=20))
    assert "Predict with test-time augmentation" not in titles(changed(content, gained=0, lost=9, same=20))
    assert "Predict with test-time augmentation" not in titles(changed(content, gained=3, lost=2, same=20))


def test_a_test_folder_is_advised_where_there_is_none(content: ReportContent) -> None:
    assert "Keep a test folder" in titles(content)
    assert "Keep a test folder" not in titles(replace(content, figures={**content.figures, "test_images": 5}))
    assert titles(replace(content, predictions=content.predictions.rows([]))) == []


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_as_many_pictures_as_are_named_make_the_interval_narrow_enough(share: float) -> None:
    needed = pictures_needed(share)
    low, high = wilson_interval(round(share * needed), needed)
    assert high - low <= WIDE * 1.01
    low, high = wilson_interval(round(share * needed * 0.7), round(needed * 0.7))
    assert high - low > WIDE
