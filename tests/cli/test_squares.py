"""`unfreeze squares`: what it prints, the one file that it writes when it is asked to, and what it never touches."""

from hashlib import sha256
from pathlib import Path

import pytest

from made import MakeCollection, RunCli
from unfreeze.audit.squares import SAMPLE
from unfreeze.cli.squares import DEFAULT_SAMPLE
from wide import write_wide

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of

FLAGS = ("--size", "64")


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 1)  # a thread a core is slow where tests share the cores


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    return write_wide(tmp_path / "wide", strip_px=20)


def state(folder: Path) -> dict[str, str]:
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_prints_shares_accuracies_and_the_recommendation_and_writes_nothing(
    run_cli: RunCli, wide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    before = state(wide)
    code, out, err = run_cli("squares", wide, *FLAGS)
    assert (code, err) == (0, "")
    lines = [line for line in out.splitlines() if "note:" not in line]
    assert lines[0] == "32 pictures in squares of 64 pixels, as validation and prediction see them:"
    assert lines[3:6] == [
        "  crop         25.5 %   25.5 %     100.0 %  100.0 %  100.0 %   things 1 long",
        "  squash      100.0 %  100.0 %       0.0 %    0.0 %    0.0 %   stretched 3.00 times, at most 3.00, "
        "things 0.51 as long",
        "  pad         100.0 %  100.0 %       0.0 %    0.0 %    0.0 %   67 % fill, things 0.29 as long",
    ]
    assert lines[7].startswith("Accuracy on the same 32 pictures")
    assert [line.split()[0] for line in lines[9:12]] == ["crop", "squash", "pad"]
    assert all("McNemar" in line for line in lines[12:15])
    assert lines[-1].startswith(("It matters: take squash", "It matters: take pad"))
    assert list(Path().iterdir()) == []
    assert state(wide) == before


def test_the_sheet_goes_where_out_says(run_cli: RunCli, wide: Path, tmp_path: Path) -> None:
    before, out_folder = state(wide), tmp_path / "new" / "folder"
    code, out, err = run_cli("squares", wide, *FLAGS, "--no-compare", "--out", out_folder)
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == f"Sheet: {out_folder / 'squares.html'}"
    assert [path.name for path in out_folder.iterdir()] == ["squares.html"]
    page = (out_folder / "squares.html").read_text(encoding="utf-8")
    assert "<h1>wide</h1>" in page
    assert "Not compared" in page
    assert state(wide) == before


def test_quiet_prints_nothing(run_cli: RunCli, wide: Path) -> None:
    assert run_cli("squares", wide, *FLAGS, "--no-compare", "--quiet") == (0, "", "")


def test_the_sample_bounds_what_is_compared(run_cli: RunCli, wide: Path) -> None:
    assert DEFAULT_SAMPLE == SAMPLE  # said twice, because the command's help loads no numpy
    _, out, _ = run_cli("squares", wide, *FLAGS, "--sample", "20")
    assert "Accuracy on the same 20 pictures" in out


def test_square_pictures_need_no_choice(run_cli: RunCli, make_collection: MakeCollection) -> None:
    code, out, err = run_cli("squares", make_collection({"red": 6, "blue": 6}), *FLAGS, "--no-compare")
    assert (code, err) == (0, "")
    assert "12 pictures" in out


@pytest.mark.parametrize("there", ["file", "link"])
def test_a_sheet_that_is_there_stays_and_nothing_is_computed(
    run_cli: RunCli, wide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    monkeypatch.setattr("unfreeze.audit.squares.audit_squares", lambda *_, **__: pytest.fail("was computed"))
    page = tmp_path / "squares.html"
    if there == "file":
        page.write_text("mine")
    else:
        page.symlink_to("nowhere")
    code, out, err = run_cli("squares", wide, "--out", tmp_path)
    assert (code, out) == (1, "")
    assert err == f"error: {page}: is there already and stays as it is; choose another file for --out\n"
    assert page.is_symlink() or page.read_text() == "mine"


@pytest.mark.parametrize("below", ["", "train", "new/folder"])
def test_nothing_is_ever_written_into_the_pictures(run_cli: RunCli, wide: Path, below: str) -> None:
    before = state(wide)
    code, out, err = run_cli("squares", wide, "--out", wide / below)
    assert (code, out) == (1, "")
    assert "lies inside the pictures, where nothing is ever written; name another folder with --out" in err
    assert state(wide) == before
    assert not (wide / "new").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--sample", "5"), "--sample is 5; it must be at least 20 pictures"),
        (("--size", "16"), "size_px is 16; a network needs squares of at least 32 pixels (--size 32)"),
    ],
)
def test_mistakes_name_the_flag(run_cli: RunCli, wide: Path, words: tuple[str, ...], message: str) -> None:
    code, out, err = run_cli("squares", wide, *words, "--quiet")
    assert (code, out) == (1, "")
    assert err == f"error: {message}\n"


def test_a_folder_that_is_not_there_is_named(run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    missing = run_cli("squares", tmp_path / "none")
    assert missing[:2] == (1, "")
    assert f"error: {tmp_path / 'none'}: is not there; name a folder of pictures" in missing[2]
    assert "is none of those that hold pictures" in run_cli("squares", tmp_path / "file")[2]
