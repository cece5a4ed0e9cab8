"""`unfreeze predict --out`."""

import json
from pathlib import Path

import pytest

from answered import paths_of
from benchmarks.tiny import tiny_bundle, tiny_shards
from made import RunCli


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("tiny") / "model")


def test_counts_goes_on_and_says_what_is_bad(run_cli: RunCli, bundle: Path, tmp_path: Path) -> None:
    shards, out = tmp_path / "shards", tmp_path / "out"
    tiny_shards(shards, pictures=30, shard_pictures=10, bad_every=7)
    code, said, err = run_cli("predict", bundle, shards, "--out", out, "--workers", 2)
    assert (code, err) == (0, "")
    assert said.splitlines()[-2].startswith(f"{out}: 30 pictures, 25 predicted, 5 bad (")
    assert said.splitlines()[-1] == f"Why those are bad: {out}/bad, a row each"
    assert json.loads((out / "summary.json").read_text())["bad"] == len(paths_of(out, "bad")) == 5
    (out / "predictions/part-00000001.parquet").unlink()
    assert run_cli("predict", bundle, shards, "--out", out, "--quiet", "--strict") == (3, "", "")
    assert len(paths_of(out)) == 25


def test_mistakes_are_named(run_cli: RunCli, bundle: Path, tmp_path: Path) -> None:
    tiny_shards(tmp_path / "bad", pictures=2, shard_pictures=2, bad_every=1)
    assert run_cli("predict", bundle, tmp_path / "bad", "--out", tmp_path / "out", "--quiet")[0] == 1
    for words, message in [
        (("--csv", "-"), "--csv and --out exclude each other: bulk prediction writes Parquet"),
        (("--sort-into", "x"), "--sort-into and --out exclude each other"),
        (("--by", "copy"), "--by and --out exclude each other"),
        (("-",), "- and --out exclude each other: the same call could not go on; name folders or patterns"),
        (("--engine", "spark"), "--engine is 'spark'; it must be one of local, ray"),
        (("--tta",), "holds the answers of another --tta"),
    ]:
        code, out, err = run_cli("predict", bundle, tmp_path / "bad", "--out", tmp_path / "out", *words)
        assert (code, out) == (1, "")
        assert message in err
    for flag, value in (("--engine", "ray"), ("--workers", 1), ("--part-size", 5)):
        code, out, err = run_cli("predict", bundle, tmp_path / "bad", flag, value)
        assert (code, out) == (1, "")
        assert f"{flag} belongs to bulk prediction; name a folder with --out" in err
