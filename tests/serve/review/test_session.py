"""Reviews of a real run, whose settings, pictures and predictions are read again."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi import FastAPI
from sklearn.linear_model import LogisticRegression
from starlette.testclient import TestClient

from made import Recorder, fingerprint
from serve_review import SETTINGS, WRONG, OpenReview, corrections_of
from unfreeze.audit.findings import Finding, Kind, findings_csv
from unfreeze.errors import CollectionError, RunError
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import train
from unfreeze.serve.problems import Problem
from unfreeze.serve.review.desk import Decision
from unfreeze.serve.review.retrain import Decided
from unfreeze.serve.review.routes import review_routes
from unfreeze.serve.review.session import Session, open_session
from unfreeze.training.head import PENALTY

BLUE = 0


def decide(session: Session, path: str, action: str, *labels: int) -> None:
    number = next(n for n, item in enumerate(session.desk.queue) if item.paths[0] == path)
    decision = Decision(item=number, picture=0, action=action, labels=labels)  # type: ignore[arg-type]
    session.desk.decide(decision, version=session.desk.state()["version"])


def test_the_planted_labels_are_in_the_queue_and_pictures_stay_as_they_are(
    open_review: OpenReview, pictures: Path, run: Path
) -> None:
    before = fingerprint(pictures)
    session = open_review()
    queue = session.queue()
    suspects = [item["pictures"][0]["path"] for item in queue["items"] if item["subject"] == "label"]
    assert WRONG[0] in suspects
    assert "unfreeze check finds more" in queue["source"]
    (mistake,) = (item for item in queue["items"] if item["subject"] == "mistake")
    (picture,) = mistake["pictures"]
    assert (picture["path"], picture["labels"], mistake["suggested"]) == (WRONG[1], [1], [BLUE])
    assert [label for label, _ in picture["said"]] == [0, 1]
    assert sum(probability for _, probability in picture["said"]) == pytest.approx(1)
    assert session.run.table.rows[picture["row"]].path == WRONG[1]
    for path in WRONG:
        decide(session, path, "relabel", BLUE)
    session.retrain()
    assert fingerprint(pictures) == before
    assert [(row["action"], row["path"], row["label"]) for row in corrections_of(run)] == [
        ("relabel", path, "blue") for path in WRONG
    ]


def test_pictures_are_read_as_the_run_read_them(open_review: OpenReview, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    data, settings = open_review().run.data, SETTINGS
    assert (data.threads, data.stored_views, data.batch_size) == (1, settings.views, settings.batch_size)


def test_a_folder_that_is_not_utf8_is_shown_with_its_bytes_escaped(run: Path, pictures: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    shutil.copytree(run, odd)
    with open_session(odd) as session, TestClient(FastAPI(), client=("127.0.0.1", 1)) as talking:
        talking.app.include_router(review_routes(session))  # type: ignore[attr-defined]
        answer = talking.get("/review/queue", headers={"Host": "localhost"})
    assert answer.json()["run"].endswith("caf\\udce9")


def test_a_head_is_judged_on_the_same_pictures_by_both_labels(open_review: OpenReview, run: Path) -> None:
    session = open_review()
    for path in WRONG:
        decide(session, path, "relabel", BLUE)
    found = session.retrain()
    rights = {row["name"]: (row["before"]["right"], row["after"]["right"]) for row in found["models"]}
    assert rights == {
        "the run's model": (12, 13),
        "a head, labels as they were": (12, 13),
        "a head, labels as decided": (12, 13),
    }
    assert all(row[part]["count"] == 13 for row in found["models"] for part in ("before", "after"))
    assert found["version"] == 2
    assert (found["counts"]["relabelled_train"], found["counts"]["relabelled_valid"]) == (1, 1)
    corrections = (run / "review" / "corrections.csv").resolve()
    assert f"--relabel {corrections}" in found["command"]
    assert "--exclude" not in found["command"]
    decide(session, WRONG[0], "exclude")
    decide(session, WRONG[1], "exclude")
    found = session.retrain()
    assert all(row[part]["count"] == 12 for row in found["models"] for part in ("before", "after"))
    assert (found["counts"]["left_out_train"], found["counts"]["left_out_valid"]) == (1, 1)
    assert f"--exclude {corrections}" in found["command"]
    assert "--relabel" not in found["command"]


def test_the_heads_are_those_of_scikit_learn(open_review: OpenReview) -> None:
    session = open_review()
    decide(session, WRONG[0], "relabel", BLUE)
    with session.desk.held() as (_, events):
        decided = session.retraining.decided(session.desk.folder.corrections, events)
    features = session.retraining._features()
    train_rows = np.array([row.split == "train" for row in decided.rows])
    labels = np.array([row.label for row in decided.rows])
    assert labels.sum() == sum(row.label for row in session.run.table.rows) - 1
    ours = session.retraining._fitted(features[train_rows], labels[train_rows])
    # The squared weights of two outputs w / 2 and -w / 2 are half of that of their difference w.
    theirs = LogisticRegression(C=1 / PENALTY, tol=1e-8, max_iter=5000).fit(features[train_rows], labels[train_rows])
    gap = ours.logits(features) @ np.array([-1.0, 1.0])
    np.testing.assert_allclose(gap, theirs.decision_function(features), atol=0.01)


def test_a_head_that_is_fitted_to_other_labels_answers_otherwise(open_review: OpenReview) -> None:
    session = open_review()
    rows = session.run.table.rows
    exchanged = [replace(row, labels=(1 - row.label,)) if row.split == "train" else row for row in rows]
    decided = Decided(rows=exchanged, is_left=np.ones(len(rows), bool), command="as before")
    found = session.retraining(decided)
    assert [(row["before"]["right"], row["after"]["right"]) for row in found["models"]] == [(12, 12), (12, 12), (1, 1)]
    assert found["verdict"].startswith(
        "By the labels as decided, 1 of 13 pictures became right and 12 wrong: -84.6 points"
    )
    assert found["counts"]["relabelled_train"] == 19
    assert found["command"] == "as before"


def test_nothing_to_retrain_for(open_review: OpenReview) -> None:
    session = open_review()
    with pytest.raises(Problem, match="nothing is relabelled or left out yet"):
        session.retrain()
    decide(session, WRONG[0], "keep")
    with pytest.raises(Problem, match="nothing is relabelled or left out yet"):
        session.retrain()


def test_a_server_that_is_started_anew_goes_on(open_review: OpenReview) -> None:
    session = open_review()
    decide(session, WRONG[0], "relabel", BLUE)
    state = session.desk.state()
    again = open_review()
    assert again is not session
    assert again.desk.state() == state


def test_the_findings_of_a_check_are_taken(open_review: OpenReview, tmp_path: Path) -> None:
    folder = tmp_path / "found"
    folder.mkdir()
    finding = Finding(Kind.LEAK, "train/blue/001.png", "train", "valid/blue/001.png", 0.9, "re-encoded")
    (folder / "findings.csv").write_bytes(findings_csv([finding, Finding(Kind.IMBALANCE)]))
    session = open_review(findings=folder)
    items = session.queue()["items"]
    assert [item["subject"] for item in items] == ["leak", "mistake"]
    assert [picture["path"] for picture in items[0]["pictures"]] == ["train/blue/001.png", "valid/blue/001.png"]
    assert session.source == f"Findings of unfreeze check in {folder}."
    shutil.copytree(folder, tmp_path / "checks" / "colours")
    assert open_review().source == "Findings of unfreeze check in checks/colours."


def test_findings_of_other_pictures_are_refused_where_they_were_named(open_review: OpenReview, tmp_path: Path) -> None:
    folder = tmp_path / "checks" / "colours"
    folder.mkdir(parents=True)
    (folder / "findings.csv").write_bytes(findings_csv([Finding(Kind.LABEL, "elsewhere/x.png", "train", "blue", 0.9)]))
    with pytest.raises(CollectionError, match="names none of the run's pictures; name the findings of"):
        open_review(findings=folder)
    assert "names none of the run's pictures" in open_review().source
    with pytest.raises(CollectionError, match=r"gone/findings.csv: .*No such file"):
        open_review(findings=tmp_path / "gone")


def test_only_a_finished_run_with_its_pictures_is_reviewed(open_review: OpenReview, run: Path) -> None:
    begun = run / "checkpoints" / "run.json"
    plain = json.loads(begun.read_text())
    plain["rows"][WRONG[0]][2] = "0" * 32
    begun.write_text(json.dumps(plain))
    with pytest.raises(
        CollectionError, match=r"not the pictures that the run began with \(1 changed: train/red/099.png\)"
    ):
        open_review()
    (run / "predictions.csv").unlink()
    with pytest.raises(RunError, match="this run is not complete"):
        open_review()
    begun.unlink()
    with pytest.raises(RunError, match="a bundle alone cannot be reviewed; name a run folder"):
        open_review()


def test_the_command_trains_with_what_was_decided_and_what_the_run_was_told(
    pictures: Path, tmp_path: Path, reviewed_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNFREEZE_CACHE", str(reviewed_cache))
    told = tmp_path / "told.csv"
    told.write_text(f"path,label\n{WRONG[0]},blue\ntrain/blue/001.png,red\n")
    settings = TrainSettings(size=32, steps=(1, 3), head="lbfgs", tta_views=0, threads=1, relabel=(told,))
    run = train(pictures, tmp_path / "told-run", settings, Recorder()).folder
    with open_session(run) as session:
        numbers = [item.paths[0] for item in session.desk.queue]
        assert "train/blue/001.png" in numbers
        decide(session, "train/blue/001.png", "relabel", BLUE)  # which contradicts the manifest
        command = session.retrain()["command"]
    assert str(told) not in command
    assert [(row["path"], row["label"]) for row in corrections_of(run)] == [
        (WRONG[0], "blue"),
        ("train/blue/001.png", "blue"),
    ]
    corrected = TrainSettings.from_dict({**settings.to_dict(), "relabel": [str(run / "review" / "corrections.csv")]})
    assert train(pictures, tmp_path / "again", corrected, Recorder()).figures["train_images"] == 19
