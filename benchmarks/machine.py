"""What a figure depends on beside the program: machine, versions, date and commit."""

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

OURS = ("unfreeze", "torch", "onnxruntime", "timm", "numpy", "pillow", "scikit-learn")
THEIRS = ("fastai", "torch", "timm", "torchvision", "scikit-learn", "pillow")


def about_machine(root: Path, their_python: Path) -> dict[str, Any]:
    """Describes machine, versions on both sides, date and commit.

    Args:
        root: The repository.
        their_python: The interpreter of the competitors' environment.

    Returns:
        Plain values, for JSON.
    """
    return {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "commit": _commit(root),
        "processor": _field(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory": _field(Path("/proc/meminfo"), "MemTotal"),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "ours": {name: importlib.metadata.version(name) for name in OURS},
        "theirs": _versions(their_python),
    }


def _commit(root: Path) -> str:
    def git(*words: str) -> str:
        command = ["git", "-C", str(root), *words]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603

    # the page that an earlier session wrote is no change of what is measured
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/benchmarks.md")
    return git("rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


def _versions(python: Path) -> dict[str, str]:
    """Versions in another environment; empty where it is not there."""
    if not python.exists():
        return {}
    code = f"import importlib.metadata as m; [print(n, m.version(n)) for n in {THEIRS}]"
    found = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    return dict(line.split() for line in found.stdout.splitlines())


def _field(path: Path, name: str) -> str:
    """The value of the first `name : value` line of a file; empty where there is none."""
    if not path.exists():
        return ""
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
