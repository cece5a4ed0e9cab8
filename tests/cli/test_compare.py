"""`unfreeze compare` on what two runs left behind."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from made import RunCli, write_collection
from unfreeze.evaluation.predictions import read_predictions, table_from_logits

MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes a run that predicted pictures `red/000.png` and so on, right where its string has a 1."""
    root = write_collection(tmp_path / "pictures", {"red": 4})

    def make(name: str, right: str, *, split: str = "valid", classes: tuple[str, ...] = ("blue", "red")) -> Path:
        run = tmp_path / name
        run.mkdir()
        logits = np.array([[0.0, 2.0] if mark == "1" else [2.0, 0.0] for mark in right], np.float32)
        paths = [f"red/{index:03d}.png" for index in range(len(right))]
        splits, targets = [split] * len(right), [1] * len(right)
        table = table_from_logits(logits, classes=classes, paths=paths, splits=splits, targets=targets)
        table.write(run / "predictions.csv")
        (run / "receipt.json").write_text(json.dumps({"pictures": str(root)}))
        return run

    return make


def test_says_what_changed_and_whether_that_is_chance(run_cli: RunCli, make_run: MakeRun) -> None:
    first, second = make_run("a", "0011110"), make_run("b", "1101110")
    code, out, err = run_cli("compare", first, second)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{first}: 4 of 7 right, 57.1 %",
        f"{second}: 5 of 7 right, 71.4 %",
        "Answers that changed: 2 to right, 1 to wrong, 0 from wrong to otherwise wrong",
        "Difference +14.3 points (95 % interval -36.0 to +57.5); McNemar's exact test 1",
        f"Verdict: {first} and {second} cannot be told apart: of 7 pictures 2 became right and 1 wrong; "
        "at least 6 have to change, all one way, before chance can be ruled out; on other pictures of this kind the "
        "difference lies between -36.0 and +57.5 points.",
    ]


def test_tables_alone_are_compared_too_and_what_is_left_out_is_said(run_cli: RunCli, make_run: MakeRun) -> None:
    first, second = make_run("a", "1111"), make_run("b", "11")
    code, out, _ = run_cli("compare", first / "predictions.csv", second / "predictions.csv")
    assert code == 0
    assert f"note: left out, because only {first}/predictions.csv was asked about them: 2 pictures" in out


@pytest.mark.parametrize(
    ("first", "second", "gate", "code"),
    [
        ("111111", "000000", True, 3),
        ("111111", "000000", False, 0),
        ("000000", "111111", True, 0),
        ("111111", "100000", True, 0),
    ],
    ids=["worse", "worse without a gate", "better", "worse, perhaps by chance"],
)
def test_the_gate_shuts_for_a_run_that_is_worse(
    run_cli: RunCli, make_run: MakeRun, first: str, second: str, gate: bool, code: int
) -> None:
    flags = ("--gate",) if gate else ()
    runs = make_run("a", first), make_run("b", second)
    assert run_cli("compare", *runs, "--quiet", *flags) == (code, "", "")


def test_the_page_shows_pictures_while_they_are_there(run_cli: RunCli, make_run: MakeRun, tmp_path: Path) -> None:
    runs = make_run("a", "0011"), make_run("b", "1111")
    code, out, _ = run_cli("compare", *runs, "--out", tmp_path / "compare.html")
    assert code == 0
    assert out.endswith(f"Page: {tmp_path}/compare.html\n")
    assert (tmp_path / "compare.html").read_text(encoding="utf-8").count("<img") == 2
    (tmp_path / "pictures").rename(tmp_path / "elsewhere")
    assert run_cli("compare", *runs, "--quiet", "--out", tmp_path / "names.html") == (0, "", "")
    page = (tmp_path / "names.html").read_text(encoding="utf-8")
    assert "<img" not in page
    assert page.count("<figure>") == 2


def test_a_split_can_be_chosen(run_cli: RunCli, make_run: MakeRun) -> None:
    first, second = make_run("a", "11", split="test"), make_run("b", "10", split="test")
    assert run_cli("compare", first, second, "--split", "test")[0] == 0
    code, out, err = run_cli("compare", first, second, "--split", "tset")
    assert (code, out) == (1, "")
    assert "no pictures of split 'tset'; there are test" in err


def test_test_pictures_are_compared_alone_where_there_are_some(run_cli: RunCli, make_run: MakeRun) -> None:
    runs = make_run("a", "0011"), make_run("b", "0111")
    for run in runs:
        table = read_predictions(run / "predictions.csv")
        replace(table, splits=("test", "test", "valid", "valid")).write(run / "predictions.csv")
    code, out, _ = run_cli("compare", *runs)
    assert code == 0
    assert f"{runs[1]}: 1 of 2 right" in out
    assert "note: test pictures alone are compared; 2 others are with --split all" in out
    for split, line in (("all", "3 of 4 right"), ("valid", "2 of 2 right"), ("test", "1 of 2 right")):
        code, out, _ = run_cli("compare", *runs, "--split", split)
        assert code == 0
        assert f"{runs[1]}: {line}" in out
        assert "note" not in out


@pytest.mark.parametrize("kind", ["zip", "csv"])
def test_pictures_of_archives_and_lists_are_shown_too(
    run_cli: RunCli, make_run: MakeRun, tmp_path: Path, kind: str
) -> None:
    root = tmp_path / "pictures"
    if kind == "zip":
        source = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", root))
    else:
        source = tmp_path / "list.csv"
        source.write_text("file,kind\n" + "".join(f"pictures/red/00{index}.png,red\n" for index in range(4)))
    runs = make_run("a", "0011"), make_run("b", "1111")
    for run in runs:
        if kind == "csv":
            table = read_predictions(run / "predictions.csv")
            replace(table, paths=tuple(f"pictures/{path}" for path in table.paths)).write(run / "predictions.csv")
        settings = {"path_column": "file", "label_column": "kind"} if kind == "csv" else {}
        (run / "checkpoints").mkdir()
        (run / "checkpoints" / "run.json").write_text(json.dumps({"pictures": str(source), "settings": settings}))
        (run / "receipt.json").write_text(json.dumps({"pictures": str(source)}))
    assert run_cli("compare", *runs, "--quiet", "--out", tmp_path / "page.html") == (0, "", "")
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("<img") == 2


def test_mistakes_are_named_in_one_line(run_cli: RunCli, make_run: MakeRun, tmp_path: Path) -> None:
    run, other = make_run("a", "11"), make_run("b", "11", classes=("cat", "red"))
    begun, nothing, damaged = tmp_path / "begun", tmp_path / "nothing", tmp_path / "damaged"
    (begun / "checkpoints").mkdir(parents=True)
    (begun / "checkpoints" / "run.json").write_text("{}")
    nothing.mkdir()
    damaged.mkdir()
    (damaged / "predictions.csv").write_text("path,split\n")
    page = tmp_path / "page.html"
    page.write_text("mine")
    for words, message in [
        ((run, begun), f"{begun}: this run is not complete; go on with it first: unfreeze train --resume {begun}"),
        ((run, nothing), f"{nothing}: no run here (no predictions.csv)"),
        ((run, tmp_path / "gone"), f"{tmp_path}/gone: there is no such run"),
        ((run, damaged), "not a table of predictions"),
        ((run, other), "only the first knows blue, only the second knows cat"),
        ((run, run, "--out", page), f"{page}: is there already; choose another file for --out"),
        ((run, run, "--out", page / "below.html"), "cannot be written"),
    ]:
        code, out, err = run_cli("compare", *words)
        assert (code, out) == (1, ""), words
        assert message in err
        assert err.count("\n") == 1
    assert page.read_text() == "mine"
    assert run_cli("compare", run)[0] == 2


def test_a_receipt_that_is_damaged_costs_the_pictures_alone(run_cli: RunCli, make_run: MakeRun, tmp_path: Path) -> None:
    runs = make_run("a", "01"), make_run("b", "11")
    for run, text in zip(runs, ("[]", "{"), strict=True):
        (run / "receipt.json").write_text(text)
    assert run_cli("compare", *runs, "--quiet", "--out", tmp_path / "page.html") == (0, "", "")
    assert "only their names are shown" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_settings_that_differ_are_named_but_not_those_of_the_machine(run_cli: RunCli, make_run: MakeRun) -> None:
    first, second = make_run("a", "01"), make_run("b", "11")
    (first / "settings.toml").write_text('backbone = "lite0"\nseed = 0\nthreads = 2\nsizes = []\n')
    assert "note: " not in run_cli("compare", first, second)[1]
    (second / "settings.toml").write_text('backbone = "lite1"\nseed = 0\nthreads = 8\nsizes = [64]\nsquare = "pad"\n')
    said = 'note: settings that differ: backbone "lite0" and "lite1"; sizes [] and [64]; square not set and "pad"'
    assert said in run_cli("compare", first, second)[1].splitlines()
    (second / "settings.toml").write_text((first / "settings.toml").read_text())
    assert "note: the settings are the same" in run_cli("compare", first, second)[1]
    (second / "settings.toml").write_text("damaged")
    assert "note: " not in run_cli("compare", first, second)[1]
