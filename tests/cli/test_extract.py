"""`unfreeze extract`: what it says, what it refuses, and that training then reads no picture for it."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from made import MakeCollection, RunCli
from unfreeze.activations.extract import Extractor
from unfreeze.images.table import ImageRow
from unfreeze.transforms.render import Squared

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of

FLAGS = ("--size", 32, "--square", "squash", "--augment", "trivial", "--views", 2, "--tta-views", 1, "--fold", "2/3")
STEPS = ("--steps", "1-4", "--lr", 0.01, "--head-epochs", 1, "--threads", 1)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Pictures and views that activations are computed of, in order."""
    seen: list[tuple[str, int]] = []
    plain = Extractor._squares

    def spy(self: Extractor, row: ImageRow, views: dict[int, bytes]) -> Iterator[tuple[int, Squared]]:
        seen.extend((row.path, view) for view in views)
        return plain(self, row, views)

    monkeypatch.setattr(Extractor, "_squares", spy)
    return seen


def test_training_with_the_same_flags_computes_nothing_more(
    run_cli: RunCli, make_collection: MakeCollection, tmp_path: Path, read: list[tuple[str, int]]
) -> None:
    pictures = make_collection({"red": 9, "blue": 9})
    code, out, err = run_cli("extract", pictures, *FLAGS, "--workers", 1)
    assert (code, err) == (0, "")
    *_, counted, line = out.splitlines()
    assert counted.startswith("48 activations: 0 were stored already, 48 computed (")
    assert counted.endswith(" s, 135 KB)")
    assert len(read) == len(set(read)) == 48  # 12 that train in three views, 6 in two
    read.clear()
    assert "48 activations: 48 were stored already, 0 computed (0 s, 0 B)" in run_cli("extract", pictures, *FLAGS)[1]
    assert read == []
    name, *words = shlex.split(line.removeprefix("Train: "))
    assert name == "unfreeze"
    code, out, err = run_cli(*words, *STEPS, "--out", tmp_path / "run")
    assert (code, err) == (0, "")
    assert "18 pictures of 2 classes (12 train, 6 valid)" in out
    assert "With test-time augmentation" in out
    assert read == []
    assert run_cli(*words, *STEPS, "--out", tmp_path / "other", "--seed", 1)[0] == 0
    assert read


def test_mistakes_are_named(run_cli: RunCli, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for words, message in [
        ((small, "--engine", "spark"), "--engine is 'spark'; it must be one of local, ray"),
        ((small, "--cache-size", "much"), "--cache-size is 'much'; it must be a size such as 5GB"),
        ((small, "--fold", "2"), "--fold '2' cannot be read; write it like 2/5"),
        ((small, "--size", 8), "--size is 8; it must be at least 32"),
        ((tmp_path / "nowhere",), "is not there; name a folder of pictures"),
    ]:
        code, out, err = run_cli("extract", *words)
        assert (code, out) == (1, "")
        assert message in err
    assert run_cli("extract", small, "--workers", 0)[0] == 2
    assert run_cli("extract", small, "--lr", 1)[0] == 2
    monkeypatch.setitem(sys.modules, "ray", None)
    code, out, err = run_cli("extract", small, "--engine", "ray")
    assert (code, out) == (1, "")
    assert "ray is not installed; what this command needs comes with: pip install 'unfreeze[scale]'" in err


def test_quiet_prints_nothing(run_cli: RunCli, small: Path) -> None:
    assert run_cli("extract", small, "--size", 32, "--quiet", "--workers", 1) == (0, "", "")


def test_a_call_that_is_stopped_says_that_it_can_go_on(
    run_cli: RunCli, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("unfreeze.recipe.extract.extract_ahead", stopped)
    said = "stopped by Ctrl-C; what was stored so far is kept: the same call goes on there\n"
    assert run_cli("extract", small) == (130, said, "")
