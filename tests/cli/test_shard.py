"""`unfreeze shard`, and training on what it wrote."""

from pathlib import Path

import pytest

from made import RunCli, fingerprint

pytestmark = pytest.mark.filterwarnings("default")  # the command line silences what libraries warn of


def test_folder_and_shards_train_to_the_same_model(run_cli: RunCli, small: Path, tmp_path: Path) -> None:
    (small / "train/red/broken.png").write_bytes(b"words")
    before, shards = fingerprint(small), tmp_path / "shards"
    code, out, err = run_cli("shard", small, "--out", shards, "--shard-size", "40KB")
    assert (code, out) == (0, f"{shards}: 16 pictures in 4 shards, 1 left out\n")
    assert err == "train/red/broken.png: left out: not a picture in a known format\n"
    assert fingerprint(small) == before
    (small / "train/red/broken.png").unlink()
    quick = ("--size", "32", "--steps", "1,3", "--lr", "0.01", "--tta-views", "0", "--quiet")
    for name, pictures in (("folder", small), ("shards", shards)):
        assert run_cli("train", pictures, "--out", tmp_path / f"run-{name}", *quick) == (0, "", "")
    folder, sharded = (tmp_path / f"run-{name}" for name in ("folder", "shards"))
    for file in ("model/model.safetensors", "model/model.onnx"):
        assert (folder / file).read_bytes() == (sharded / file).read_bytes()
    tables = [(run / "predictions.csv").read_text().splitlines() for run in (folder, sharded)]
    assert [line.split(",")[1:] for line in tables[0]] == [line.split(",")[1:] for line in tables[1]]
    assert tables[0] != tables[1]  # paths differ


def test_sizes_are_checked(run_cli: RunCli, small: Path, tmp_path: Path) -> None:
    code, _, err = run_cli("shard", small, "--out", tmp_path / "out", "--shard-size", "big")
    assert code == 1
    assert "--shard-size is 'big'; it must be a size such as" in err
