"""Rows hold what the model says, in CSV and in JSON."""

import csv
import io
import json
from types import SimpleNamespace
from typing import Any, cast

from unfreeze.deploy.predictor import Prediction, Predictor
from unfreeze.deploy.rows import csv_rows, json_rows, plain_row, ranked
from unfreeze.training.objective import EXCLUSIVE, INDEPENDENT, Objective


class Said:
    """A predictor as far as rows need one."""

    def __init__(self, objective: Objective = EXCLUSIVE, *, promises: bool = True) -> None:
        self.classes, self.objective = ("cat", "a;b", "dog"), objective
        self.settings = SimpleNamespace(sets="a bound" if promises else None)

    def names(self, prediction: Prediction) -> tuple[str, ...]:
        return Predictor.names(cast(Predictor, self), prediction)


def predictor(objective: Objective = EXCLUSIVE, *, promises: bool = True) -> Predictor:
    return cast(Predictor, Said(objective, promises=promises))


KNOWN = Prediction("a.png", probabilities=(0.25, 0.5, 0.25), distance=0.125, refused=False, candidates=("a;b", "cat"))
PLAIN = Prediction("b.png", probabilities=(0.75, 0.0, 0.25))
REFUSED = Prediction("c.png", probabilities=(0.75, 0.0, 0.25), distance=float("inf"), refused=True)
BAD = Prediction("ü\n.png", error="no picture")


def rows(*predictions: Prediction, objective: Objective = EXCLUSIVE) -> list[dict[str, str]]:
    file = io.StringIO(newline="")
    write = csv_rows(file, predictor(objective))
    for prediction in predictions:
        write(prediction)
    return list(csv.DictReader(io.StringIO(file.getvalue(), newline="")))


def objects(*predictions: Prediction, top_k: int | None = None) -> list[dict[str, Any]]:
    file = io.StringIO()
    write = json_rows(file, predictor(), top_k=top_k)
    for prediction in predictions:
        write(prediction)
    lines = file.getvalue().splitlines()
    assert len(lines) == len(predictions)
    return [json.loads(line) for line in lines]


def test_a_row_of_csv_holds_all_that_is_known() -> None:
    known, plain, bad = rows(KNOWN, PLAIN, BAD)
    assert known == {
        "path": "a.png",
        "predicted": "a;b",
        "error": "",
        "distance": "0.125",
        "refused": "no",
        "set": '"a;b";cat',
        "p:cat": "0.25",
        "p:a;b": "0.5",
        "p:dog": "0.25",
    }
    assert (plain["predicted"], plain["distance"], plain["refused"], plain["set"]) == ("cat", "", "", "")
    assert (bad["path"], bad["error"], bad["predicted"]) == ("ü\n.png", "no picture", "")
    assert not bad["p:cat"]


def test_labels_are_joined() -> None:
    (found,) = rows(Prediction("a.png", probabilities=(0.9, 0.8, 0.1)), objective=INDEPENDENT)
    assert found["predicted"] == 'cat;"a;b"'


def test_a_line_of_json_has_the_most_probable_class_first() -> None:
    known, bad = objects(KNOWN, BAD)
    plain = plain_row(predictor(promises=False), PLAIN)
    assert known["classes"] == [
        {"name": "a;b", "probability": 0.5},
        {"name": "cat", "probability": 0.25},
        {"name": "dog", "probability": 0.25},
    ]
    assert (known["names"], known["refused"], known["distance"]) == (["a;b"], False, 0.125)
    assert known["set"] == ["a;b", "cat"]
    assert (plain["refused"], plain["distance"], plain["set"]) == (None, None, None)
    assert bad == {"path": "ü\n.png", "error": "no picture"}


def test_a_refused_picture_has_no_name_and_what_is_not_finite_is_no_number() -> None:
    (found,) = objects(REFUSED)
    assert (found["names"], found["refused"], found["distance"], found["set"]) == ([], True, None, [])


def test_a_probability_that_is_no_number_is_none() -> None:
    (found,) = objects(Prediction("a.png", probabilities=(0.5, float("nan"), 0.25)))
    assert {each["name"]: each["probability"] for each in found["classes"]} == {"cat": 0.5, "a;b": None, "dog": 0.25}


def test_a_name_of_several_lines_stays_whole_in_csv() -> None:
    names = ["a\rb.png", "a\nb.png", "a\r\nb.png"]
    assert [row["path"] for row in rows(*(Prediction(name, error="no picture") for name in names))] == names


def test_only_as_many_classes_as_asked_for_are_written() -> None:
    (found,) = objects(KNOWN, top_k=2)
    assert [each["name"] for each in found["classes"]] == ["a;b", "cat"]
    assert len(plain_row(predictor(), KNOWN)["classes"]) == 3
    assert [name for name, _ in ranked(predictor(), KNOWN)] == ["a;b", "cat", "dog"]


def test_a_path_in_no_known_script_is_written_all_the_same() -> None:
    (found,) = objects(Prediction("\udcff.png", error="no picture"))
    assert found["path"] == "\udcff.png"
