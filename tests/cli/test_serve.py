"""`unfreeze serve`: what its words mean; the server itself is tested in tests/serve."""

import os
import socket
from pathlib import Path

import pytest

from made import RunCli
from serving import process
from unfreeze.cli.serve import hosts_of, sources_of
from unfreeze.cli.serve_flags import KEY_VARIABLE
from unfreeze.errors import SettingsError

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


def test_models_are_called_as_their_run_unless_they_are_given_a_name(tmp_path: Path) -> None:
    (tmp_path / "a=b" / "model").mkdir(parents=True)
    words = [f"{tmp_path}/pets", "mine=/x/y", f"{tmp_path}/a=b/model", "/z/ants.unfreeze"]
    assert sources_of(words) == {
        "pets": tmp_path / "pets",
        "mine": Path("/x/y"),
        "a=b": tmp_path / "a=b" / "model",
        "ants": Path("/z/ants.unfreeze"),
    }


def test_a_name_that_is_not_utf8_has_its_bytes_escaped() -> None:
    path = "/x/" + os.fsdecode(b"caf\xe9")
    assert sources_of([path]) == {"caf\\udce9": Path(path)}


@pytest.mark.parametrize(("words", "message"), [(["a", "b/a"], "two models are called 'a'"), (["=a"], "a model is")])
def test_names_are_needed_and_differ(words: list[str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        sources_of(words)


def test_a_server_on_this_machine_is_asked_under_its_names_only() -> None:
    assert hosts_of("127.0.0.1", ()) == {"localhost", "127.0.0.1", "[::1]"}
    assert "pets.example" in hosts_of("127.0.0.1", ["pets.example"])
    assert hosts_of("0.0.0.0", ()) == frozenset()
    assert {"pets.example", "0.0.0.0"} <= hosts_of("0.0.0.0", ["pets.example"])


def test_a_port_that_is_taken_is_named(run_cli: RunCli, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = run_cli("serve", tmp_path, "--port", port)
    assert (code, out) == (1, "")
    assert (
        err
        == f"error: 127.0.0.1:{port}: cannot be listened on (Address already in use); choose another --host or --port\n"
    )


def test_limits_that_contradict_each_other_are_named(run_cli: RunCli, tmp_path: Path) -> None:
    code, _, err = run_cli("serve", tmp_path, "--queue", "2")
    assert code == 1
    assert err.startswith("error: pictures is 32, more than queue_pictures (2)")


@pytest.mark.parametrize(("key", "warned"), [("", True), ("secret", False)])
def test_who_opens_the_server_to_others_without_a_key_is_warned(tmp_path: Path, key: str, warned: bool) -> None:
    with process(tmp_path, "--host", "0.0.0.0", **{KEY_VARIABLE: key}) as server:
        server.process.wait(20)
        _, _, err = server.stop()
    assert ("anyone who reaches 0.0.0.0 can use this server" in err) is warned
    assert "secret" not in err
