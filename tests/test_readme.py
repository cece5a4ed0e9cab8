"""The README's commands run as they stand there."""

import re
import shlex
from pathlib import Path

import pytest

from made import RunCli, write_collection
from unfreeze.cli.main import app
from unfreeze.learner.data import ImageData

README = Path(__file__).parent.parent / "README.md"


def commands() -> list[str]:
    """The lines of the README's indented blocks that call the program, without their comments."""
    lines = re.findall(r"^ {4}(unfreeze .*)$", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return [line.split("#")[0].strip() for line in lines]


def test_the_readme_shows_all_commands() -> None:
    assert {shlex.split(line)[1] for line in commands()} == {
        "train",
        "predict",
        "extract",
        "cache",
        "schedule",
        "check",
        "squares",
        "evaluate",
        "explain",
        "export",
        "verify",
        "compare",
    }


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("line", commands())
def test_a_commands_flags_are_the_programs(line: str) -> None:
    """Each flag is known to its command; running them all would take minutes."""
    from typer.main import get_command

    words = shlex.split(line)
    command = get_command(app).commands[words[1]]  # type: ignore[attr-defined]
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.filterwarnings("default")
def test_the_commands_run_one_after_the_other(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they stand there, on a few pictures and with small squares; the sample is what `make demo` runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("unfreeze.learner.finding.LEAST_STEPS", 20)
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # a thread a core is slow where tests share the cores
    write_collection(tmp_path / "pictures", {"cat": 6, "dog": 6})
    write_collection(tmp_path / "later", {"cat": 3, "dog": 3})
    write_collection(tmp_path, {"more": 2})
    (tmp_path / "more/000.png").rename(tmp_path / "new.jpg")
    for line in commands():
        words = shlex.split(line)[1:]
        if "--sample" not in words:
            epochs = "7" if "--sizes" in words else "3"
            small = ("--size", "32", "--max-epochs", epochs) if words[0] == "train" else ()
            code, _, err = run_cli(*words, *small)
            said = [text for text in err.splitlines() if not text.startswith("note: ")]
            assert (code, said) == (0, []), line
    assert (tmp_path / "runs/pictures/report.html").exists()
    assert (tmp_path / "pets.unfreeze").is_file()
    assert (tmp_path / "checks/pictures/check.html").exists()


def test_the_notebook_lines_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 1
    counts = {"train/red": 6, "train/blue": 6, "valid/red": 2, "valid/blue": 2}
    write_collection(tmp_path / "pictures", counts)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("unfreeze.learner.finding.LEAST_STEPS", 3)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    code = blocks[0].replace('from_folder("pictures")', 'from_folder("pictures", size_px=32)')
    assert code != blocks[0]
    exec(compile(code, "README.md", "exec"), {})


def test_the_other_ways_to_data_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = re.findall(r"^# or: (data = .*)$", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(lines) == 2
    paths = sorted(write_collection(tmp_path, {"red": 3, "blue": 3}).rglob("*.png"))
    labels = [path.parent.name for path in paths]
    rows = [f"{path.relative_to(tmp_path)},{label}\n" for path, label in zip(paths, labels, strict=True)]
    (tmp_path / "pictures.csv").write_text("".join(["path,label\n", *rows]))
    monkeypatch.chdir(tmp_path)
    for line in lines:
        names = {"ImageData": ImageData, "paths": paths, "labels": labels}
        exec(compile(line, "README.md", "exec"), names)
        assert isinstance(names["data"], ImageData)
        assert len(names["data"].table.rows) == 6


def test_the_make_targets_that_it_names_are_there() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)", README.read_text(encoding="utf-8")))
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    assert named >= {"demo", "test"}
    assert all(f"\n{target}:" in makefile for target in named)
