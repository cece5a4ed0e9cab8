"""The harness notices what it looks for; a small part of its run: every mutation is decoded or refused."""

import os
import signal
import warnings
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import fuzz
from benchmarks.fuzz import Outcome, examine, run_files
from benchmarks.mutations import formats, mutation, valid_files
from unfreeze.errors import PictureError

MUTATIONS = 300


@pytest.mark.parametrize("name", formats())
def test_valid_files_are_decoded(name: str) -> None:
    for data in valid_files(name):
        assert examine(data) == Outcome.DECODED


@pytest.mark.parametrize("name", formats())
def test_mutations_are_decoded_or_refused(name: str) -> None:
    outcomes = {examine(mutation(name, 0, number)) for number in range(MUTATIONS)}
    assert outcomes <= {Outcome.DECODED, Outcome.REFUSED}
    assert len(outcomes) == 2


def test_a_mutation_is_decided_by_its_number() -> None:
    for name in formats():
        made = [mutation(name, 0, number) for number in range(20)]
        assert made == [mutation(name, 0, number) for number in range(20)]
        assert len(set(made)) > 15
        assert made != [mutation(name, 1, number) for number in range(20)]


def test_a_file_that_is_refused_later_is_told_from_one_that_is_accepted_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PictureError("refused", subject="picture")

    data = valid_files("PNG")[0]
    with monkeypatch.context() as patch:
        patch.setattr(fuzz, "decode", refuse)
        assert examine(data) == Outcome.REFUSED_LATER
    with monkeypatch.context() as patch:
        patch.setattr(fuzz, "probe", refuse)
        assert examine(data) == Outcome.ACCEPTED_LATER


def _act(data: bytes) -> Outcome:
    """Does in a worker what a decoder must not do."""
    match data:
        case b"2":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"3" | b"9":
            while True:
                pass
        case b"4":
            raise ValueError("escaped")
        case b"5":
            warnings.warn("leaked", stacklevel=1)
        case b"6":
            bytearray(fuzz.MEMORY_BYTES)
        case b"7":
            os.write(2, b"noise")
    return Outcome.DECODED


@pytest.mark.parametrize("workers", [1, 3])
def test_failures_are_noticed_and_saved(tmp_path: Path, workers: int) -> None:
    tally = run_files(
        "odd", lambda number: b"%d" % number, 10, out=tmp_path, examining=_act, seconds=0.5, workers=workers
    )
    bad = {2: Outcome.CRASHED, 3: Outcome.HUNG, 9: Outcome.HUNG, **dict.fromkeys((4, 5, 6), Outcome.ERROR)}
    assert tally.outcomes == tuple(bad.get(number, Outcome.DECODED) for number in range(10))
    assert tally.failures == (2, 3, 4, 5, 6, 9)
    assert tally.noise_bytes == len("noise")
    assert {path.name for path in tmp_path.glob("*.bin")} == {f"odd-{number}.bin" for number in bad}
    assert (tmp_path / "odd-4.bin").read_bytes() == b"4"
    for number, told in ((4, "escaped"), (5, "leaked"), (6, "MemoryError")):
        assert told in (tmp_path / f"odd-{number}.txt").read_text()
    assert tally.seconds[3] > 0.5 > tally.seconds[0]


def test_the_command_goes_through_formats_and_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    Image.new("RGB", (3, 3)).save(pictures / "a.png")
    (pictures / "b.txt").write_text("these are words")
    options = ["--mutations", "5", "--formats", "BMP", "--pictures", str(pictures), "--out", str(tmp_path / "out")]
    assert fuzz.main(options) == 0
    table = capsys.readouterr().out
    assert "| pictures | 2 | 1 | 1 | 0 | 0 | 0 | 0 | 0 | 0 |" in table
    assert "| BMP | 5 |" in table
    monkeypatch.setattr(fuzz, "FAILURES", frozenset({Outcome.DECODED}))
    assert fuzz.main(options) == 1
    assert f"pictures-0 is {pictures / 'a.png'}" in capsys.readouterr().out
