"""What may be believed."""

from dataclasses import replace

from report.test_data import leaking
from unfreeze.report.page import ReportContent
from unfreeze.report.trust import NO_PART, trust
from unfreeze.report.words import FEW_PICTURES


def test_few_pictures_and_weights_chosen_on_them_are_said(content: ReportContent) -> None:
    text = " ".join(trust(content))
    assert "8 validation pictures are few: the interval, not the figure, is the result." in text
    assert "a test folder would not" in text
    many = replace(content, predictions=content.predictions.rows([0] * FEW_PICTURES))
    assert "are few" not in " ".join(trust(many))


def test_test_pictures_were_used_once_at_the_end(content: ReportContent) -> None:
    tested = {**content.figures, "test_images": 40, "test_accuracy": 0.9, "test_accuracy_interval": [0.77, 0.96]}
    text = " ".join(trust(replace(content, figures=tested)))
    assert (
        "The 40 test pictures had no part in any choice and were used once, at the end: accuracy 90.0 % "
        "(95 % interval 77.0 to 96.0 %)." in text
    )
    assert "a test folder would not" not in text


def test_a_leak_flatters(content: ReportContent) -> None:
    assert trust(leaking(content))[0].startswith("The figures flatter: a picture lies on both sides of the split")


def test_certainty_and_refusal_are_spoken_of_where_they_are_known(known: ReportContent, content: ReportContent) -> None:
    text = " ".join(trust(known))
    assert "confidence and accuracy are" in text
    assert "none of these" in text
    assert "none of these" not in " ".join(trust(content))


def test_new_pictures_chose_nothing(content: ReportContent) -> None:
    text = " ".join(trust(replace(content, subject="new")))
    assert NO_PART in text
    assert "validation" not in text
    assert "counted together" not in text


def test_new_pictures_that_are_known_are_named_first_and_nothing_is_claimed_of_them(content: ReportContent) -> None:
    notes = ["2 pictures are ones that the model was trained on, so the figures flatter: a.png, b.png"]
    found = trust(replace(content, subject="new", known=notes))
    assert found[0] == f"{notes[0]}."
    assert NO_PART not in found


def test_splits_that_are_counted_together_are_named(content: ReportContent) -> None:
    splits = ("train", "valid", "test", *["test"] * 5)
    found = replace(content, subject="new", predictions=replace(content.predictions, splits=splits))
    assert "Pictures of the splits train, valid and test are counted together here" in " ".join(trust(found))
