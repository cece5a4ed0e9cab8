"""References are read as the safetensors library reads them, and anything else is damaged."""

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from unfreeze.deploy.references import read_references, write_references
from unfreeze.errors import BundleError
from unfreeze.evaluation.novelty import kept_references

PATH = Path("references.safetensors")
FEATURES = np.random.default_rng(0).normal(size=(7, 12)).astype(np.float32)


def whole(tmp_path: Path) -> bytes:
    write_references(tmp_path, kept_references(FEATURES))
    return (tmp_path / PATH).read_bytes()


def file(header: object, values: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + values


def test_they_come_back_as_the_library_reads_them(tmp_path: Path) -> None:
    data = whole(tmp_path)
    found = read_references(data, path=PATH)
    (theirs,) = safetensors.numpy.load(data).values()
    assert (found.dtype, found.shape) == (np.dtype(np.float16), (7, 12))
    assert np.array_equal(found, theirs)
    assert np.array_equal(found, kept_references(FEATURES).references)


def test_features_of_no_length_are_none_of_the_damage(tmp_path: Path) -> None:
    novelty = kept_references(FEATURES)
    silent = np.zeros_like(novelty.references)
    write_references(tmp_path, replace(novelty, references=silent))
    assert np.array_equal(read_references((tmp_path / PATH).read_bytes(), path=PATH), silent)


ROW = np.array([[0.6, 0.8]], np.float16).tobytes()
GOOD = {"dtype": "F16", "shape": [1, 2], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 8,
        b"\x02\0\0\0\0\0\0\0{}",
        b"\x02\0\0\0\0\0\0\0[]",
        file({"references": GOOD}, ROW[:3]),
        file({"references": GOOD}, ROW + b"\0"),
        file({"references": GOOD, "more": GOOD}, ROW),
        file({"others": GOOD}, ROW),
        file({"references": 3}, ROW),
        file(None, ROW),
        file({"references": {**GOOD, "shape": [1e999, 2]}}, ROW),
        file({"references": {**GOOD, "dtype": "BF16"}}, ROW),
        file({"references": {**GOOD, "dtype": "F32"}}, ROW),
        file({"references": {**GOOD, "shape": [2]}}, ROW),
        file({"references": {**GOOD, "shape": [1, 1, 2]}}, ROW),
        file({"references": {**GOOD, "shape": [-1, -2]}}, ROW),
        file({"references": {**GOOD, "shape": [2, 2]}}, ROW),
        file({"references": {**GOOD, "shape": [0, 2], "data_offsets": [0, 0]}}),
        file({"references": {**GOOD, "data_offsets": [0, 2]}}, ROW),
        file({"references": {**GOOD, "data_offsets": 4}}, ROW),
        file({"references": GOOD}, np.array([[0.6, 0.7]], np.float16).tobytes()),
        file({"references": GOOD}, np.array([[np.nan, 0]], np.float16).tobytes()),
        file({"references": GOOD})[:-3],
        file(json.loads("[" * 500 + "]" * 500), ROW),
    ],
)
def test_anything_else_is_damaged(data: bytes) -> None:
    with pytest.raises(BundleError, match=r"references\.safetensors: damaged \(.+\); copy the bundle again") as caught:
        read_references(data, path=PATH)
    assert caught.value.subject == str(PATH)


def test_the_smallest_file_is_read() -> None:
    assert read_references(file({"references": GOOD}, ROW), path=PATH).tolist() == [[0.60009765625, 0.7998046875]]


@given(st.data())
def test_a_file_that_was_changed_is_damaged_or_of_another_content(data: st.DataObject) -> None:
    good = bytearray(file({"references": GOOD, "__metadata__": {"about": "{}"}}, ROW))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] ^= data.draw(st.integers(1, 255))
    with suppress(BundleError):
        assert read_references(bytes(good), path=PATH).shape == (1, 2)
