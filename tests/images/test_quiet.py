"""Pillow's warnings are kept from the console, and nobody else's."""

import io
import logging
import subprocess
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from unfreeze.images.decode import decode, probe
from unfreeze.images.quiet import OURS, quiet

Encode = Callable[..., bytes]


def warn(module: str) -> None:
    warnings.warn_explicit("odd", UserWarning, f"{module}.py", 1, module=module)


def test_warnings_of_pillow_are_silent_and_all_others_are_as_they_were() -> None:
    with quiet():
        for module in ("PIL.TiffImagePlugin", "PIL.Image", "pillow_heif.heif"):
            warn(module)
        for module in ("PILot", "numpy", "__main__"):
            with pytest.raises(UserWarning, match="odd"):
                warn(module)
    with pytest.raises(UserWarning, match="odd"):
        warn("PIL.Image")


def test_it_lasts_until_the_last_one_leaves_and_whatever_is_raised() -> None:
    with quiet():
        with pytest.raises(ValueError, match="raised"), quiet():
            raise ValueError("raised")
        warn("PIL.Image")
    assert OURS not in warnings.filters


def test_what_others_did_to_the_filters_meanwhile_stays() -> None:
    with quiet():
        warnings.filterwarnings("ignore", module="meanwhile")
    warn("meanwhile")
    with quiet(), warnings.catch_warnings():
        warnings.resetwarnings()
    assert OURS not in warnings.filters


def test_a_warning_that_is_shown_once_is_not_shown_again_after_each_picture(encode: Encode) -> None:
    data, registry = encode(Image.new("RGB", (4, 4)), "PNG"), dict[str, int]()
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("default")
        for _ in range(3):
            decode(data, path="a")
            warnings.warn_explicit("mine", UserWarning, "mine.py", 1, module="mine", registry=registry)  # type: ignore[arg-type]
    assert len(shown) == 1


def test_threads_leave_no_filter_behind(encode: Encode) -> None:
    data = encode(Image.new("RGB", (64, 64)), "PNG")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: decode(data, path="a"), range(400)))
    assert OURS not in warnings.filters


def test_a_tiff_with_odd_tags_is_read_without_a_word(encode: Encode, capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(encode(Image.new("RGB", (8, 8)), "TIFF", software="x" * 40))
    data[data.index(b"\x31\x01\x02\0") + 4 : data.index(b"\x31\x01\x02\0") + 8] = b"\xff\xff\xff\x7f"
    with pytest.warns(UserWarning, match="larger than file"), Image.open(io.BytesIO(data)) as image:
        image.load()
    assert probe(bytes(data), path="a").width == 8
    assert capfd.readouterr() == ("", "")


def test_what_pillow_logs_is_not_printed(tmp_path: Path) -> None:
    code = "import logging, unfreeze.images.decode; logging.getLogger('PIL.TiffImagePlugin').error('too many samples')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ended.stderr == ""
    assert logging.getLogger("PIL").propagate
