"""examples/container: no engine builds it here, so its lines are read, and what they run is run."""

import json
import shlex
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

from unfreeze.cli.main import app
from unfreeze.cli.serve import hosts_of

ROOT = Path(__file__).parents[2]
INSTRUCTIONS = {"FROM", "COPY", "RUN", "USER", "ENV", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "CMD"}


def lines() -> list[tuple[str, str]]:
    """Each instruction with its words."""
    text = (ROOT / "examples/container/Containerfile").read_text(encoding="utf-8")
    kept = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in kept]


def test_every_instruction_is_known_and_every_copied_file_is_there() -> None:
    assert {name for name, _ in lines()} == INSTRUCTIONS
    assert lines()[0][0] == "FROM"
    copied = [word for name, words in lines() if name == "COPY" for word in words.split()[:-1]]
    assert {"pyproject.toml", "src"} <= set(copied)
    assert [word for word in copied if not (ROOT / word).exists()] == []


def test_it_runs_as_nobody_in_particular() -> None:
    names = [name for name, _ in lines()]
    user = dict(lines())["USER"]
    assert user.isdigit()
    assert int(user) > 0
    assert f"--uid {user}" in next(words for name, words in lines() if name == "RUN" and "useradd" in words)
    assert names.index("USER") > max(index for index, name in enumerate(names) if name in ("RUN", "COPY"))


def test_what_it_installs_is_an_extra_and_what_it_starts_a_command() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    install = next(words for name, words in lines() if name == "RUN" and "pip install" in words)
    assert "[serve]" in install
    assert "serve" in extras
    program, command, *words = json.loads(dict(lines())["CMD"])
    assert program == "unfreeze"
    from typer.main import get_command

    parameters = get_command(app).commands[command].params  # type: ignore[attr-defined]
    known = {name for parameter in parameters for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_it_is_asked_under_this_machines_names_only() -> None:
    words = json.loads(dict(lines())["CMD"])
    allowed = [after for word, after in pairwise(words) if word == "--allow-host"]
    assert "localhost" in hosts_of(words[words.index("--host") + 1], allowed)


def test_the_health_check_is_a_program_that_fails_where_nobody_answers() -> None:
    words = dict(lines())["HEALTHCHECK"].split(" CMD ", 1)[1]
    program, *rest = json.loads(words)
    assert program == "python"
    closed = [word.replace("127.0.0.1:8000", "127.0.0.1:9") for word in rest]
    assert subprocess.run([sys.executable, *closed], capture_output=True, check=False).returncode != 0
    assert shlex.join(rest).count("/health") == 1
