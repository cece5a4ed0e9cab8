"""`unfreeze train` with pictures left out and relabelled by manifests."""

import csv
import json
from pathlib import Path

import pytest

from made import Recorder, RunCli
from unfreeze.errors import CollectionError
from unfreeze.recipe.run_folder import RunFolder
from unfreeze.recipe.settings import TrainSettings
from unfreeze.recipe.train import resume, train

QUICK = ("--size", "32", "--steps", "1,3", "--lr", "0.01", "--head-epochs", "1", "--tta-views", "0")
SETTINGS = TrainSettings(size=32, steps=(1, 3), lr=0.01, head_epochs=1, tta_views=0, threads=1)

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


@pytest.fixture
def findings(tmp_path: Path) -> Path:
    path = tmp_path / "findings.csv"
    path.write_text("kind,path\nblurred,train/red/001.png\nduplicate,valid/red/000.png\nimbalance,\n")
    return path


@pytest.fixture
def corrections(tmp_path: Path) -> Path:
    path = tmp_path / "corrections.csv"
    path.write_text("path,label\nvalid/blue/000.png,red\ntrain/red/001.png,blue\n")
    return path


def test_a_run_does_what_manifests_say_and_tells_of_it(
    run_cli: RunCli, small: Path, tmp_path: Path, findings: Path, corrections: Path
) -> None:
    out = tmp_path / "run"
    words = ("--exclude", findings, "--exclude-kind", "blurred", "--relabel", corrections)
    code, shown, err = run_cli("train", small, "--out", out, *QUICK, *words)
    assert (code, err) == (0, "")
    notes = [
        "1 of 16 pictures relabelled by corrections.csv",
        "1 of 16 pictures left out by findings.csv (1 blurred)",
        "1 picture left out by one manifest and relabelled by another: left out",
    ]
    page = (out / "report.html").read_text()
    assert all(f"note: {note}" in shown and f"<li>{note}</li>" in page for note in notes)
    assert "15 pictures of 2 classes (11 train, 4 valid)" in shown
    with (out / "predictions.csv").open() as file:
        assert {row["path"]: row["target"] for row in csv.DictReader(file)} == {
            "valid/blue/000.png": "red",
            "valid/blue/001.png": "blue",
            "valid/red/000.png": "red",
            "valid/red/001.png": "red",
        }
    receipt = json.loads((out / "receipt.json").read_text())
    assert list(receipt["manifests"]) == [str(findings), str(corrections)]


def test_flags_may_be_repeated(run_cli: RunCli, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[TrainSettings] = []

    def spy(pictures: Path, out: Path, settings: TrainSettings, watcher: object, **_: object) -> None:
        seen.append(settings)
        raise KeyboardInterrupt

    monkeypatch.setattr("unfreeze.recipe.train.train", spy)
    words = "--exclude a.csv --exclude b.csv --exclude-kind x --exclude-kind y --relabel c.csv --relabel d.csv"
    run_cli("train", small, *words.split())
    run_cli("train", small)
    assert [(s.exclude, s.exclude_kinds, s.relabel) for s in seen] == [
        ((Path("a.csv"), Path("b.csv")), ("x", "y"), (Path("c.csv"), Path("d.csv"))),
        ((), (), ()),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--exclude", "none.csv"),
            "none.csv: cannot be read (No such file or directory); name a CSV file with --excl",
        ),
        (("--exclude-kind", "blurred"), "--exclude-kind says which rows of --exclude count; name a list of findings"),
        (
            ("--relabel", "{findings}"),
            "findings.csv: no column 'label'; the header has kind, path; to relabel pictures",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_left_behind(
    run_cli: RunCli, small: Path, tmp_path: Path, findings: Path, words: tuple[str, ...], said: str
) -> None:
    given = [word.format(findings=findings) for word in words]
    code, _, err = run_cli("train", small, "--out", tmp_path / "run", *QUICK, *given)
    assert code == 1
    assert said in err
    assert not (tmp_path / "run").exists()


class Stopped(Recorder):
    """Stops a run when its second step begins."""

    def step(self, number: int, name: str, why: str) -> None:
        super().step(number, name, why)
        if number == 3:
            raise KeyboardInterrupt


def test_a_run_goes_on_with_its_manifests_alone(
    small: Path, tmp_path: Path, findings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    settings = TrainSettings.from_dict({**SETTINGS.to_dict(), "exclude": ["findings.csv"], "checkpoint_seconds": 0.0})
    with pytest.raises(KeyboardInterrupt):
        train(small, tmp_path / "run", settings, Stopped())
    assert RunFolder(tmp_path / "run", was_there=True, is_new=False).has_state
    monkeypatch.chdir(small)
    text = findings.read_text()
    findings.write_text(text.replace("001", "002"))
    said = r"findings.csv: is not what it was when the run began; put it back as it was, or begin anew"
    with pytest.raises(CollectionError, match=said) as caught:
        resume(tmp_path / "run", Recorder())
    assert caught.value.subject == str(findings)
    findings.unlink()
    with pytest.raises(CollectionError, match=r"findings.csv: cannot be read \(No such file"):
        resume(tmp_path / "run", Recorder())
    findings.write_text(text)
    watched = Recorder()
    assert resume(tmp_path / "run", watched).figures["train_images"] == 11
    assert "2 of 16 pictures left out by findings.csv (1 blurred, 1 duplicate)" in watched.notes


def test_the_scan_is_kept_unless_nothing_is_to_be(small: Path, tmp_path: Path, own_cache: Path) -> None:
    plain = SETTINGS.to_dict()
    train(small, tmp_path / "first", TrainSettings.from_dict({**plain, "use_store": False}), Recorder())
    assert not (own_cache / "scans").exists()
    train(small, tmp_path / "second", SETTINGS, Recorder())
    assert [path.name for path in (own_cache / "scans").iterdir()] == ["scans-1.sqlite"]
