"""Blocks of code on pages of Markdown, and what runs them."""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
RUN = ("console", "python")
MARK = re.compile(r"^ *<!-- not run: (.+) -->$")
FENCE = re.compile(r"^( *)(`{3,})(\w*)$")
SHELL_SIGNS = frozenset("|>&;$`")


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Attributes:
        page: Path of the page below the repository.
        line: Number of its first line, from 1.
        language: What stands behind the fence.
        text: What is inside, without the indentation that a list gives it.
        reason: Why it is not run; empty where it is.
    """

    page: str
    line: int
    language: str
    text: str
    reason: str = ""

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """The commands of a console block: what follows a `$`, with lines that are continued."""
        joined = self.text.replace("\\\n", " ")
        return [
            line.removeprefix("$ ").split(" # ")[0].strip() for line in joined.splitlines() if line.startswith("$ ")
        ]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    found: list[Block] = []
    reason, opened, held = "", None, list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = FENCE.match(line)
        if opened and fence and fence[2] == opened[1] and not fence[3]:
            name = page.relative_to(ROOT).as_posix()
            found.append(Block(name, opened[0], opened[2], dedent("\n".join(held)) + "\n", reason))
            reason, opened, held = "", None, []
        elif opened:
            held.append(line)
        elif fence:
            opened = (number, fence[2], fence[3])
        elif line.strip():
            mark = MARK.match(line)
            reason = mark[1] if mark else ""
    assert not opened, f"{page}: a block is not closed"
    return found


class Workshop:
    """A folder in which commands and lines of Python run as they stand; a command that was run before is done."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self._done: set[str] = set()

    def run(self, command: str) -> None:
        """Runs one command: the program's own in this process, anything else in a shell."""
        if command in self._done:
            return
        self._done.add(command)
        words = shlex.split(command)
        if words[0] == "unfreeze" and not SHELL_SIGNS & set(command.replace("'{", "").replace("}'", "")):
            self._call(words[1:], command)
            return
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        settings = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT / "src")}
        ended = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command], env=settings, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, f"{command}: {ended.stderr}"

    def _call(self, words: list[str], command: str) -> None:
        from unfreeze.cli.main import main

        self._patch.setattr(sys, "argv", ["unfreeze", *words])
        code: Any = 0
        said = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(said):
            try:
                main()
            except SystemExit as stop:
                code = stop.code or 0
        faults = [line for line in said.getvalue().splitlines() if line and not line.startswith("note: ")]
        assert (code, faults) == (0, []), f"{command}: {code}, {faults}"


def printed(block: Block, names: dict[str, Any]) -> str:
    """What a block of Python prints; its names are kept."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(compile(block.text, block.place, "exec"), names)
    return out.getvalue()
