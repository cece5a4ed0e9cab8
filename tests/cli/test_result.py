"""What `unfreeze train` says at its end."""

import re
from pathlib import Path

import pytest

from labelled import labelled_data
from made import MakeCollection, RunCli

QUICK = ("--size", "32", "--steps", "1,3", "--lr", "0.05", "--tta-views", "0")

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


def test_test_pictures_are_said_to_have_been_used_once(
    run_cli: RunCli, make_collection: MakeCollection, tmp_path: Path
) -> None:
    counts = {
        f"{split}/{name}": n for split, n in (("train", 4), ("valid", 2), ("test", 3)) for name in ("red", "blue")
    }
    _, out, err = run_cli("train", make_collection(counts), "--out", tmp_path / "run", *QUICK)
    assert err == ""
    assert re.search(r"\nTest accuracy \d+\.\d % of 6 pictures \(95 % .* %\); they were used once, at the end\n", out)
    assert "exact match" not in out.lower()


def test_several_labels_have_an_exact_match_and_means_over_the_labels(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = labelled_data(tmp_path / "pictures", {"train": 4, "valid": 2, "test": 1}, size_px=32)
    monkeypatch.setattr("unfreeze.recipe.train.read_pictures", lambda *_, **__: data)
    _, out, err = run_cli("train", tmp_path / "pictures", "--out", tmp_path / "run", *QUICK)
    assert err == ""
    assert re.search(r"epoch 1 .*; exact match \d+\.\d % training, \d+\.\d % validation", out)
    assert re.search(r"\nValidation exact match \d+\.\d % of 8 pictures", out)
    assert re.search(r"every label is right\. Over the 2 labels: mean average precision \d+\.\d %, F1 \d+\.\d %\n", out)
    assert re.search(r"\nTest exact match \d+\.\d % of 4 pictures .*; they were used once, at the end\n", out)
    assert "accuracy" not in out.lower()


def test_a_list_of_several_labels_becomes_a_model_that_names_them(run_cli: RunCli, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    table = labelled_data(folder, {"train": 6, "valid": 3}, size_px=32).table
    lines = [f"{row.path},{row.split},{'|'.join(table.classes[label] for label in row.labels)}" for row in table.rows]
    (folder / "labels.csv").write_text("\n".join(["path,split,label", *lines]) + "\n", encoding="utf-8")
    words = ("--label-separator", "|", "--square", "squash", "--head", "lbfgs", "--quiet")
    assert run_cli("train", folder / "labels.csv", "--out", tmp_path / "run", *QUICK, *words) == (0, "", "")
    paths = [folder / row.path for row in table.rows]
    code, out, _ = run_cli("predict", tmp_path / "run", *paths)
    said = re.findall(r"  \[(.*?)\]  ", out)
    true = [", ".join(table.classes[label] for label in row.labels) or "no label" for row in table.rows]
    assert code == 0
    assert sum(one == other for one, other in zip(said, true, strict=True)) >= 0.8 * len(true)  # by chance a quarter
