"""`unfreeze schedule`: numbers beside the schedules themselves, pictures that are files of their kind, flags."""

import csv
import io
from pathlib import Path

import pytest
from PIL import Image

from made import RunCli
from unfreeze.training.schedules import FlatCosine, OneCycle, Schedule, WarmUp, schedule_for

DOUBLING = ("--lr", "0.01", "--cycles", "3", "--cycle-len", "1", "--cycle-mult", "2", "--epoch-steps", "63")

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_picture_is_drawn_and_one_line_says_what_and_where(run_cli: RunCli, folder: Path) -> None:
    line = "7 epochs, 441 steps, cycles end after steps 63, 189, 441: schedule.svg\n"
    assert run_cli("schedule", *DOUBLING) == (0, line, "")
    assert files(folder) == ["schedule.svg"]
    text = (folder / "schedule.svg").read_text(encoding="utf-8")
    assert "learning rate" in text
    assert "momentum" not in text


@pytest.mark.parametrize(("name", "start"), [("x.svg", b"<?xml"), ("x.PNG", b"\x89PNG"), ("x.pdf", b"%PDF")])
def test_the_name_decides_the_kind_of_picture(run_cli: RunCli, folder: Path, name: str, start: bytes) -> None:
    code, out, err = run_cli("schedule", "--kind", "one-cycle", "--out", name)
    assert (code, err) == (0, "")
    assert out == f"3 epochs, 300 steps, the cycle ends after step 300: {name}\n"
    assert (folder / name).read_bytes().startswith(start)
    if name.endswith(".PNG"):
        assert Image.open(folder / name).size == (1050, 600)


CASES: dict[str, tuple[tuple[str, ...], Schedule]] = {
    "doubling": (DOUBLING, schedule_for(3, cycle_len=1, cycle_mult=2, epoch_steps=63)),
    "default": ((), schedule_for(3, cycle_len=1, epoch_steps=100)),
    "fractional": (
        ("--cycles", "2", "--cycle-len", "0.5", "--cycle-mult", "1.5", "--epoch-steps", "40"),
        schedule_for(2, cycle_len=0.5, cycle_mult=1.5, epoch_steps=40),
    ),
    "constant": (("--kind", "constant", "--epochs", "2", "--epoch-steps", "7"), schedule_for(2, epoch_steps=7)),
    "one-cycle": (("--kind", "one-cycle", "--epochs", "3", "--epoch-steps", "21"), OneCycle(63)),
    "flat-cosine": (("--kind", "flat-cosine", "--epochs", "3", "--epoch-steps", "21"), FlatCosine(63)),
    "warm-up": (("--kind", "one-cycle", "--warmup-steps", "9"), WarmUp(9, OneCycle(300))),
}


@pytest.mark.parametrize("case", CASES)
def test_numbers_come_out_exactly_and_nothing_else_does(run_cli: RunCli, folder: Path, case: str) -> None:
    words, schedule = CASES[case]
    code, out, err = run_cli("schedule", *words, "--csv", "-")
    assert (code, err) == (0, "")
    assert files(folder) == []
    rows = list(csv.DictReader(io.StringIO(out)))
    assert list(rows[0]) == ["step", "lr"]
    assert [int(row["step"]) for row in rows] == list(range(schedule.cycle_ends[-1]))
    assert [float(row["lr"]) for row in rows] == [0.01 * schedule.factor(step) for step in range(len(rows))]
    assert out.endswith("\n")
    assert "\r" not in out


def test_each_layer_group_has_a_column(run_cli: RunCli, folder: Path) -> None:
    code, out, _ = run_cli("schedule", *DOUBLING, "--rate-ratio", "4", "--csv", "-", "--out", "groups.svg")
    schedule = schedule_for(3, cycle_len=1, cycle_mult=2, epoch_steps=63)
    assert code == 0
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == ["step", "early", "late", "head"]
    for step, row in enumerate(rows[1:]):
        rates = [rate * schedule.factor(step) for rate in (0.01 / 16, 0.01 / 4, 0.01)]
        assert [float(value) for value in row[1:]] == rates
    assert files(folder) == ["groups.svg"]
    text = (folder / "groups.svg").read_text(encoding="utf-8")
    assert all(f">{name}<" in text for name in ("early", "late", "head"))


def test_numbers_go_to_a_file_without_a_picture_unless_one_is_asked_for(run_cli: RunCli, folder: Path) -> None:
    _, printed, _ = run_cli("schedule", *DOUBLING, "--csv", "-")
    code, out, err = run_cli("schedule", *DOUBLING, "--csv", "rates.csv")
    assert (code, err) == (0, "")
    assert out == "7 epochs, 441 steps, cycles end after steps 63, 189, 441: rates.csv\n"
    assert files(folder) == ["rates.csv"]
    assert (folder / "rates.csv").read_text() == printed
    code, out, err = run_cli("schedule", *DOUBLING, "--csv", "again.csv", "--out", "again.png")
    assert out.endswith(": again.png and again.csv\n")
    assert files(folder) == ["again.csv", "again.png", "rates.csv"]


def test_many_ends_are_shortened_and_epochs_may_be_parts(run_cli: RunCli) -> None:
    _, out, _ = run_cli("schedule", "--cycles", "12", "--warmup-steps", "50", "--out", "x.svg")
    ends = "150, 250, 350, 450, 550, 650, 750, 850, ..., 1250"
    assert out == f"12.5 epochs, 1250 steps, cycles end after steps {ends}: x.svg\n"
    _, out, _ = run_cli("schedule", "--cycles", "1", "--out", "y.svg")
    assert out == "1 epoch, 100 steps, the cycle ends after step 100: y.svg\n"


def test_momentum_is_drawn_where_it_changes(run_cli: RunCli, folder: Path) -> None:
    run_cli("schedule", "--kind", "one-cycle")
    assert "momentum" in (folder / "schedule.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ((), "schedule.svg"),
        (("--out", "mine.png"), "mine.png"),
        (("--csv", "mine.csv"), "mine.csv"),
        (("--csv", "mine.csv", "--out", "new.svg"), "mine.csv"),
        (("--csv", "-", "--out", "mine.pdf"), "mine.pdf"),
    ],
)
def test_a_file_that_is_there_is_never_replaced(
    run_cli: RunCli, folder: Path, words: tuple[str, ...], name: str
) -> None:
    (folder / name).write_text("mine")
    flag = "--csv" if name.endswith(".csv") else "--out"
    message = f"error: {name}: is there already and stays as it is; choose another file for {flag}\n"
    assert run_cli("schedule", *words) == (1, "", message)
    assert files(folder) == [name]
    assert (folder / name).read_text() == "mine"


FOREIGN = "is for --kind cosine; the length of"
TOO_LONG = "the schedule has more than 1,000,000 steps; shorten it"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--epochs 3", "--epochs is not for --kind cosine"),
        ("--kind one-cycle --cycles 3", f"--cycles {FOREIGN} one-cycle is that of --epochs"),
        ("--kind constant --cycle-len 1", f"--cycle-len {FOREIGN}"),
        ("--kind flat-cosine --cycle-mult 2", f"--cycle-mult {FOREIGN}"),
        ("--csv same.svg --out same.svg", "--out and --csv both name same.svg"),
        ("--out x.jpg", "--out is x.jpg; a picture's name ends in one of .svg, .png, .pdf"),
        ("--out x", "--out is x; a picture's name ends in one of"),
        ("--out no/x.svg", "no/x.svg: cannot be written (No such file or directory); choose another file for --out"),
        ("--lr 0", "--lr is 0.0; it must be above 0"),
        ("--lr nan", "--lr is nan; it must be above 0"),
        ("--lr 1e308", "--lr is 1e+308; it must be above 0 and at most 1e+100"),
        ("--cycles 0", "--cycles is 0; it must be a number from 1 to 1,000"),
        ("--cycles 1001", "--cycles is 1001; it must be a number from 1 to 1,000"),
        ("--cycle-len -1", "--cycle-len is -1.0; it must be above 0"),
        ("--cycle-len 0", "--cycle-len is 0.0; it must be above 0"),
        ("--cycle-mult inf", "--cycle-mult is inf; it must be above 0"),
        ("--kind constant --epochs 0", "--epochs is 0; it must be a number from 1 to"),
        ("--epoch-steps 0", "--epoch-steps is 0; it must be a number from 1 to"),
        ("--warmup-steps -1", "--warmup-steps is -1; it must be a number from 0 to"),
        ("--rate-ratio 0.5", "--rate-ratio is 0.5; it must be a number from 1 to"),
        ("--rate-ratio nan", "--rate-ratio is nan; it must be a number from 1 to"),
        ("--lr -1 --cycles 0", "--lr is -1.0; it must be above 0 and at most 1e+100; --cycles is 0;"),
        ("--cycle-len 0.5 --epoch-steps 63", "cycle 1 would end at step 31.5, between two steps: --cycle-len 0.5"),
        ("--cycles 60 --cycle-mult 2", TOO_LONG),
        ("--kind one-cycle --epochs 20000", TOO_LONG),
        ("--cycles 1 --epoch-steps 999999 --warmup-steps 2", TOO_LONG),
    ],
)
def test_mistakes_name_the_flag_and_leave_no_file(run_cli: RunCli, folder: Path, words: str, message: str) -> None:
    code, out, err = run_cli("schedule", *words.split())
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1
    assert files(folder) == []


@pytest.mark.parametrize(("words", "flag"), [("--cycles 1.5", "--cycles"), ("--kind sine", "--kind")])
def test_what_is_no_value_at_all_is_wrong_usage(run_cli: RunCli, words: str, flag: str) -> None:
    code, _, err = run_cli("schedule", *words.split())
    assert code == 2
    assert flag in err
