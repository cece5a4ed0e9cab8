"""examples/systemd: systemd's own checker has nothing to say, and little is left open."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from unfreeze.serve.limits import MIB, ServeLimits

UNIT = Path(__file__).parents[2] / "examples/systemd/unfreeze.service"
BYTES_OF_A_PIXEL = 20  # at most, as DecodeLimits.pixels says
PROGRAM = "/opt/unfreeze/bin/unfreeze"


def analyze(*words: str) -> str:
    if not (program := shutil.which("systemd-analyze")):
        pytest.skip("no systemd-analyze on this machine")
    found = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    return found.stdout + found.stderr


def test_the_unit_is_sound(tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8")
    assert text.count(PROGRAM) == 1  # beside the comment that installs it
    (tmp_path / UNIT.name).write_text(text.replace(PROGRAM, sys.executable), encoding="utf-8")
    assert analyze("verify", str(tmp_path / UNIT.name)) == ""


def test_what_it_may_decode_at_a_time_fits_its_memory() -> None:
    text = UNIT.read_text(encoding="utf-8")
    threads, megapixels, memory_gb = (
        int(re.search(rf"{name}[ =](\d+)", text)[1])  # type: ignore[index]
        for name in ("--threads", "--max-megapixels", "MemoryMax")
    )
    held = ServeLimits().held_bytes + 300 * MIB  # files, and a model with its libraries
    assert threads * megapixels * 1e6 * BYTES_OF_A_PIXEL + held < memory_gb * 2**30


def test_little_is_left_open() -> None:
    found = analyze("security", "--offline=true", "--no-pager", str(UNIT))
    level = re.search(r"Overall exposure level for unfreeze\.service: (\d+\.\d)", found)
    assert level
    assert float(level[1]) < 2
