"""One file in place of a folder: the same answers, and nothing read that is not the model's own."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unfreeze.activations.engines import noise_squares
from unfreeze.deploy.bundle import (
    GRAPH_FILE,
    REFERENCES_FILE,
    SETTINGS_FILE,
    open_bundle,
    read_bundle,
    write_bundle_settings,
)
from unfreeze.deploy.packing import default_file, pack_bundle
from unfreeze.deploy.predictor import Predictor
from unfreeze.deploy.probes import write_probes
from unfreeze.errors import BundleError, RunError
from unfreeze.evaluation.certainty import Certainty
from unfreeze.transforms.transform import Transform


@pytest.fixture
def probed(bundle: Path, certainty: Certainty) -> Path:
    """A bundle with three probes."""
    probes = write_probes(bundle, noise_squares(3, 64), graph=bundle / GRAPH_FILE, novelty=certainty.novelty)
    transform = Transform(size_px=64, crop_share=0.875, seed=5)
    names = ["blue", "green", "röd"]
    write_bundle_settings(bundle, classes=names, backbone="x", transform=transform, certainty=certainty, probes=probes)
    return bundle


@pytest.fixture
def packed(probed: Path, tmp_path: Path) -> Path:
    return pack_bundle(probed, tmp_path / "model.unfreeze")


def test_one_file_answers_as_the_folder_does(
    packed: Path, probed: Path, make_collection: Callable[..., Path], tmp_path: Path
) -> None:
    pictures = sorted(make_collection({"red": 2, "green": 1}).rglob("*.png"))
    expected = Predictor(probed.parent).predict(pictures)
    shutil.rmtree(probed)
    assert Predictor(packed).predict(pictures) == expected
    assert sorted(path.name for path in tmp_path.glob("*.unfreeze*")) == ["model.unfreeze"]  # nothing is unpacked


def test_members_are_stored_and_the_same_bundle_gives_the_same_file(packed: Path, probed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        members = archive.infolist()
        assert {member.compress_type for member in members} == {zipfile.ZIP_STORED}
        assert members[0].filename == SETTINGS_FILE
        assert {member.filename for member in members} == {SETTINGS_FILE, *read_bundle(probed).sha256}
        assert archive.testzip() is None
    assert pack_bundle(packed, tmp_path / "again.unfreeze").read_bytes() == packed.read_bytes()


def test_probes_are_left_out_where_they_are_not_wanted(probed: Path, tmp_path: Path) -> None:
    out = pack_bundle(probed, tmp_path / "bare.unfreeze", probes=False)
    assert open_bundle(out).settings.probes == ()
    with zipfile.ZipFile(out) as archive:
        assert not any(name.startswith("probes/") for name in archive.namelist())
    assert len(read_bundle(probed).probes) == 3


@pytest.mark.parametrize("version", [1, 2])
def test_a_model_of_an_earlier_format_stays_one(bundle: Path, tmp_path: Path, version: int) -> None:
    settings = json.loads((bundle / SETTINGS_FILE).read_text(encoding="utf-8"))
    newer = ["temperature", "refusal", "sets", "licence", "provenance", "probes", *["probabilities"][: 2 - version]]
    settings = {name: found for name, found in settings.items() if name not in newer}
    settings["sha256"].pop(REFERENCES_FILE)
    settings["format_version"] = version
    (bundle / SETTINGS_FILE).write_text(json.dumps(settings), encoding="utf-8")
    (bundle / REFERENCES_FILE).unlink()
    out = pack_bundle(bundle, tmp_path / "old.unfreeze", probes=False)
    assert open_bundle(out).settings == read_bundle(bundle)
    assert pack_bundle(out, tmp_path / "again.unfreeze").read_bytes() == out.read_bytes()


def test_a_file_that_is_there_stays(packed: Path, probed: Path) -> None:
    before = packed.read_bytes()
    with pytest.raises(RunError, match=r"model\.unfreeze: is there already and stays as it is; .* --out"):
        pack_bundle(probed, packed)
    assert packed.read_bytes() == before


def test_a_file_that_is_there_stays_where_opening_it_is_broken_off(
    packed: Path, probed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def broken_off(path: Path, *args: Any, **options: Any) -> Any:
        if path == packed:
            raise KeyboardInterrupt
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", broken_off)
    with pytest.raises(KeyboardInterrupt):
        pack_bundle(probed, packed)
    assert packed.exists()


def test_what_is_broken_off_leaves_nothing(probed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_off(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(zipfile.ZipFile, "writestr", broken_off)
    with pytest.raises(KeyboardInterrupt):
        pack_bundle(probed, tmp_path / "half.unfreeze")
    assert not (tmp_path / "half.unfreeze").exists()


def test_a_file_that_cannot_be_written_leaves_nothing(
    probed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RunError, match=r"cannot be written \(No such file or directory\); choose another"):
        pack_bundle(probed, tmp_path / "nowhere" / "m.unfreeze")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(RunError, match="No space left on device"):
        pack_bundle(probed, tmp_path / "full.unfreeze")
    assert not (tmp_path / "full.unfreeze").exists()


def test_a_damaged_bundle_is_not_exported(probed: Path, tmp_path: Path) -> None:
    (probed / GRAPH_FILE).write_bytes(b"")
    with pytest.raises(BundleError, match=r"model\.onnx: damaged \(0 bytes of SHA-256 e3b0c44298fc\.\.\., where"):
        pack_bundle(probed, tmp_path / "m.unfreeze")
    assert not (tmp_path / "m.unfreeze").exists()


def test_a_file_is_named_after_its_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pets" / "model").mkdir(parents=True)
    assert default_file(tmp_path / "pets") == default_file(tmp_path / "pets" / "model") == Path("pets.unfreeze")
    monkeypatch.chdir(tmp_path / "pets" / "model")
    assert default_file(Path()) == Path("pets.unfreeze")


def contents(packed: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(packed) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_zip(path: Path, members: dict[str, bytes], *, compression: int = zipfile.ZIP_STORED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


@pytest.mark.parametrize(
    "name", ["../../evil.txt", "/etc/passwd", "C:\\evil", "model/extra.onnx", "code.py", "probes/99.png"]
)
def test_a_member_that_is_no_part_of_a_model_is_refused_by_name(packed: Path, tmp_path: Path, name: str) -> None:
    write_zip(packed, {**contents(packed), name: b"evil"})
    with pytest.raises(BundleError, match=r"model\.unfreeze: holds .*, which is no part of a model; export it again"):
        open_bundle(packed)
    assert not (tmp_path.parent / "evil.txt").exists()


def test_what_is_compressed_is_refused_before_it_is_read(packed: Path) -> None:
    bomb = {**contents(packed), "references.safetensors": bytes(50_000_000)}
    write_zip(packed, bomb, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(BundleError, match=r"not a file that unfreeze export made .*references\.safetensors is comp"):
        open_bundle(packed)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(packed: Path) -> None:
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr(GRAPH_FILE, b"another")
    with pytest.raises(BundleError, match="two members of one name"):
        open_bundle(packed)


def test_too_many_members_are_refused(packed: Path) -> None:
    write_zip(packed, {**contents(packed), **{f"{number}.txt": b"" for number in range(100)}})
    with pytest.raises(BundleError, match=r"\d+ members, more than 64"):
        open_bundle(packed)


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "is empty; copy it again"),
        (b"PK", r"damaged \(it ends after 2 bytes, at its very beginning\); copy it again"),
        (b"no archive", r"no model, or a damaged one \(10 bytes that begin with b'no a'"),
        (b"\x89PNG\r\n\x1a\n", "no model, or a damaged one"),
    ],
)
def test_what_is_no_archive_is_no_model(tmp_path: Path, data: bytes, found: str) -> None:
    (tmp_path / "x.unfreeze").write_bytes(data)
    with pytest.raises(BundleError, match=rf"x\.unfreeze: {found}"):
        open_bundle(tmp_path / "x.unfreeze")
    (tmp_path / "x.jpg").write_bytes(b"no archive")
    with pytest.raises(
        BundleError, match=r"x\.jpg: no model \(.+\); name a run folder, or a file that unfreeze export"
    ):
        open_bundle(tmp_path / "x.jpg")


def test_a_file_that_is_cut_says_where_it_ends(packed: Path, tmp_path: Path) -> None:
    data, cut = packed.read_bytes(), tmp_path / "cut.unfreeze"
    with zipfile.ZipFile(packed) as archive:
        starts = {member.filename: member.header_offset for member in archive.infolist()}
        index = archive.start_dir

    def expect(size: int, words: str, rest: bytes = b"") -> None:
        cut.write_bytes(data[:size] + rest)
        with pytest.raises(BundleError, match=rf"cut\.unfreeze: damaged \(.*{words}.*\); copy it again"):
            open_bundle(cut)

    expect(starts[GRAPH_FILE] - 1, f"ends after {starts[GRAPH_FILE] - 1:,} bytes, within bundle.json, which ends at")
    expect(starts[GRAPH_FILE], f"ends after {starts[GRAPH_FILE]:,} bytes, behind bundle.json")
    expect(starts[GRAPH_FILE] + 50, "within model.onnx")
    expect(index - 1, f"within {max(starts, key=lambda name: starts[name])}")
    expect(len(data) - 1, f"all members are there, but from byte {index:,} of {len(data) - 1:,} on")
    expect(starts[GRAPH_FILE], f"what follows bundle.json at byte {starts[GRAPH_FILE]:,} of", rest=bytes(10_000))


def test_a_foreign_archive_is_no_model(tmp_path: Path) -> None:
    write_zip(tmp_path / "x.zip", {"word/document.xml": b"<xml/>"})
    with pytest.raises(BundleError, match=r"x\.zip: no model here \(no bundle\.json in it\)"):
        open_bundle(tmp_path / "x.zip")


def test_a_file_that_is_cut_or_changed_anywhere_is_damaged_or_the_same(packed: Path, tmp_path: Path) -> None:
    data, random = packed.read_bytes(), np.random.default_rng(0)
    broken = tmp_path / "broken.unfreeze"
    for place in random.integers(0, len(data), 25).tolist():
        broken.write_bytes(data[:place])
        with pytest.raises(BundleError):
            open_bundle(broken)
        broken.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(BundleError):
            open_bundle(broken)


def test_a_member_of_another_hash_is_damaged(packed: Path) -> None:
    write_zip(packed, {**contents(packed), GRAPH_FILE: b"another"})
    with pytest.raises(BundleError, match=r"model\.onnx: damaged \(7 bytes of SHA-256 .+\); copy the bundle again"):
        open_bundle(packed)


def test_settings_of_one_file_are_checked_as_those_of_a_folder(packed: Path) -> None:
    members = contents(packed)
    settings = json.loads(members[SETTINGS_FILE])
    settings["temperature"] = -1
    write_zip(packed, {**members, SETTINGS_FILE: json.dumps(settings).encode()})
    with pytest.raises(BundleError, match=r"bundle\.json: damaged \(temperature is -1, not a number"):
        open_bundle(packed)
