"""The smallest bundle that predicts, and shards of tiny pictures: what bulk work costs without a network's own time."""

import io
import struct
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from safetensors.numpy import save_file

from unfreeze.deploy.bundle import GRAPH_FILE, WEIGHTS_FILE, write_bundle_settings
from unfreeze.deploy.graph import add_head
from unfreeze.transforms.transform import Transform

SIZE_PX = 32
PICTURE_PX = 8


def tiny_bundle(folder: Path) -> Path:
    """Writes a bundle that tells pictures by their mean colours.

    Args:
        folder: A new folder.

    Returns:
        The same.
    """
    folder.mkdir(parents=True)
    body = body_graph(folder.with_name(f"{folder.name}-body.onnx"))
    weight, bias = (np.eye(3) / 32).astype(np.float32), np.zeros(3, np.float32)
    add_head(body, folder / GRAPH_FILE, weight=weight, bias=bias)
    body.unlink()
    save_file({"head.weight": weight, "head.bias": bias}, folder / WEIGHTS_FILE)
    write_bundle_settings(
        folder, classes=["red", "green", "blue"], backbone="means", transform=Transform(size_px=SIZE_PX)
    )
    return folder


def body_graph(path: Path, *, size_px: int = SIZE_PX) -> Path:
    """Writes a graph from squares to the means of their channels.

    Args:
        path: The file.
        size_px: Side of the squares in pixels.

    Returns:
        The same.
    """
    nodes = [
        helper.make_node("Cast", ["squares"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("GlobalAveragePool", ["floats"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["activations"]),
    ]
    squares = helper.make_tensor_value_info("squares", TensorProto.UINT8, ["batch", 3, size_px, size_px])
    features = helper.make_tensor_value_info("activations", TensorProto.FLOAT, ["batch", 3])
    graph = helper.make_graph(nodes, "means", [squares], [features])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
    return path


def tiny_picture(number: int) -> bytes:
    """A PNG of one colour, another one for each of the first 16 million numbers; a million are made in a minute."""
    colour = (number * 2654435761 % 2**24).to_bytes(3)
    rows = (b"\0" + colour * PICTURE_PX) * PICTURE_PX  # each begins with its filter, none
    header = struct.pack(">IIBBBBB", PICTURE_PX, PICTURE_PX, 8, 2, 0, 0, 0)  # 8 bits, RGB
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    name, data = chunk
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def tiny_shards(folder: Path, *, pictures: int, shard_pictures: int, bad_every: int = 0) -> list[Path]:
    """Writes shards of tiny pictures.

    Args:
        folder: Where they go.
        pictures: How many there are in all.
        shard_pictures: How many there are in a shard.
        bad_every: Each picture whose number this divides is no picture; none is unless said otherwise.

    Returns:
        The shards, in order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return list(_shards(folder, pictures, shard_pictures, bad_every))


def _shards(folder: Path, pictures: int, shard_pictures: int, bad_every: int) -> Iterator[Path]:
    for start in range(0, pictures, shard_pictures):
        path = folder / f"tiny-{start // shard_pictures:06d}.tar"
        with tarfile.open(path, "w") as archive:
            for number in range(start, min(start + shard_pictures, pictures)):
                is_bad = bad_every and number % bad_every == 0
                data = b"no picture" if is_bad else tiny_picture(number)
                member = tarfile.TarInfo(f"{number:09d}.png")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        yield path
